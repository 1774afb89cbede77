-- Finds articles by id and gives numbers to new ones. ARGV: caller, request, {store, slices},
-- hashes of ids (16 bytes each), contents (8 each), digests (8 each).
-- Returns for each: state, slice, number, and the sum of 1: it is stored, 2: it is in buckets, 4: it
-- is in a cluster; then the receipts.
local store, slices = unpack(cmsgpack.unpack(ARGV[3]))
local function work()
  local told, receipts = {}, {}
  for i = 1, #slices do
    local hash, content = sub(ARGV[4], 16 * i - 15, 16 * i), sub(ARGV[5], 8 * i - 7, 8 * i)
    local state, slice, n, known = 0, slices[i], -1, 0
    local receipt = call('HGET', root .. 'receipts', hash)
    local key, field = id_key(hash)
    if receipt then
      state = 3
      receipts[#receipts + 1] = receipt
    else
      local held = call('HGET', key, field)
      if held then
        slice, n = struct.unpack('>i4I4', held)
        state = sub(held, 9) == content and 1 or 2
        known = call('GETBIT', root .. 'o' .. slice, 2 * n)
          + 2 * call('GETBIT', root .. 'o' .. slice, 2 * n + 1)
          + 4 * call('HEXISTS', number_key('m', slice, n))
      elseif store then
        open_slice(slice)
        n = call('HINCRBY', root .. 'next', slice, 1) - 1
        call('HINCRBY', root .. 'live', slice, 1)
        call('HSET', key, field, place(slice, n) .. content)
        local group, at = number_key('n', slice, n)
        call('HSET', group, at, hash .. sub(ARGV[6], 8 * i - 7, 8 * i))
      end
    end
    told[4 * i - 3], told[4 * i - 2], told[4 * i - 1], told[4 * i] = state, slice, n, known
  end
  return { cmsgpack.pack(told), receipts }
end
if store then
  return once(work)
end
return work()

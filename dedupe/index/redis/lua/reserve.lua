-- Finds articles by id and gives numbers to new ones, and to new versions of the places that they
-- supersede. ARGV: caller, request, {store, slices, which of them supersede something, counted from 0,
-- whether only places are asked for}, hashes of ids (16 bytes each), contents (8 each), digests
-- (8 each), superseded places (8 each). Returns for each: state, slice, number, and the sum of 1: it is stored, 2: it is in
-- buckets, 4: it is in a cluster; then the receipts.
local store, slices, revising, only_places = unpack(cmsgpack.unpack(ARGV[3]))
local revises = {}
for i, which in ipairs(revising) do
  revises[which + 1] = sub(ARGV[7], 8 * i - 7, 8 * i)
end

local function flag(slice, bit)
  return call('GETBIT', root .. 'o' .. slice, bit)
end

-- The number of a new article. A version that was never stored whole goes.
local function numbered(i, hash, content, unfinished)
  local slice = slices[i]
  if unfinished then
    local old, m = struct.unpack('>i4I4', unfinished)
    forget(old, m)
    call('HDEL', number_key('n', old, m))
    call('HINCRBY', root .. 'live', old, -1)
  end
  open_slice(slice)
  local n = call('HINCRBY', root .. 'next', slice, 1) - 1
  call('HINCRBY', root .. 'live', slice, 1)
  local key, field = id_key(hash)
  call('HSET', key, field, place(slice, n) .. content .. (revises[i] or ''))
  local group, at = number_key('n', slice, n)
  call('HSET', group, at, hash .. sub(ARGV[6], 8 * i - 7, 8 * i))
  return n
end

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
      local at, before = held and sub(held, 1, 8), held and sub(held, 17, 24)
      if held then
        slice, n = struct.unpack('>i4I4', held)
        known = flag(slice, 2 * n) + 2 * flag(slice, 2 * n + 1)
          + 4 * call('HEXISTS', number_key('m', slice, n))
      end
      local same = held and sub(held, 9, 16) == content
      local unfinished = held and before ~= '' and known % 2 == 0 and not only_places
      if held and at ~= revises[i] and not (unfinished and (before ~= revises[i] or not same)) then
        state = same and 1 or 2
      elseif unfinished and before ~= revises[i] then
        state, known = 2, 0
        slice, n = struct.unpack('>i4I4', before)
      else
        slice, n, known = slices[i], -1, 0
        if store then
          n = numbered(i, hash, content, unfinished and before == revises[i] and at)
        end
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

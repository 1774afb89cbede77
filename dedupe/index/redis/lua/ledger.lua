-- What all scripts of the ledger share. KEYS[1] is its root; ARGV[1] the caller and ARGV[2] the
-- number of its request: a request whose reply was lost gets that reply again.
local call, sub, floor = redis.call, string.sub, math.floor
local root = KEYS[1]
local SHIFT = 4294967296

local function once(work)
  local asker = root .. 'asker:' .. ARGV[1]
  local last = call('GET', asker)
  if last and sub(last, 1, 8) == ARGV[2] then
    return cmsgpack.unpack(sub(last, 9))[1]
  end
  local reply = work()
  call('SET', asker, ARGV[2] .. cmsgpack.pack({ reply }), 'EX', 3600)
  return reply
end

-- Hashes of some dozen fields stay packed: 8,192 of them hold the ids, 1,024 a slice's digests.
local function id_key(hash)
  return root .. 'i' .. sub(hash, 1, 1) .. floor(hash:byte(2) / 8), sub(hash, 2)
end

local function digest_key(slice, digest)
  return root .. 'd' .. slice .. ':' .. sub(digest, 1, 1) .. floor(digest:byte(2) / 64), sub(digest, 2)
end

local function remove_head(slice, digest, n)
  local key, field = digest_key(slice, digest)
  local held = call('HGET', key, field)
  if held and struct.unpack('>I4', held) == n then
    call('HDEL', key, field)
  end
end

-- Articles are kept 64 to a hash, by number; `what` is n (id and digest) or m (cluster).
local function number_key(what, slice, n)
  return root .. what .. slice .. ':' .. floor(n / 64), n % 64
end

local function place(slice, n)
  return struct.pack('>i4I4', slice, n)
end

-- Whether an id leads to a place. It is kept with the content there, and the place that was
-- superseded by it, if any: 8 bytes each.
local function leads(hash, to)
  local held = call('HGET', id_key(hash))
  return held and sub(held, 1, 8) == to
end

-- Takes an article out but for its number; gives what was kept with that.
local function forget(slice, n)
  local kept = call('HGET', number_key('n', slice, n))
  if kept then
    if leads(sub(kept, 1, 16), place(slice, n)) then
      call('HDEL', id_key(sub(kept, 1, 16)))
    end
    remove_head(slice, sub(kept, 17, 24), n)
  end
  return kept
end

local function open_slice(slice)
  if call('HEXISTS', root .. 'slices', slice) == 0 then
    local fullest = 0
    for _, n in ipairs(call('HVALS', root .. 'next')) do
      fullest = math.max(fullest, tonumber(n))
    end
    local groups = 4096
    while groups < 65536 and groups * 24 < fullest do
      groups = groups * 2
    end
    call('HSET', root .. 'slices', slice, groups)
  end
end

-- Forgets the ids that lead to a cluster that is gone.
local function unredirect(id)
  local gone = { id }
  while #gone > 0 do
    local to = table.remove(gone)
    local from = call('HGET', root .. 'into', to)
    if from then
      for _, each in ipairs(cmsgpack.unpack(from)) do
        if call('HGET', root .. 'redirects', each) == to then
          call('HDEL', root .. 'redirects', each)
          gone[#gone + 1] = each
        end
      end
      call('HDEL', root .. 'into', to)
    end
  end
end

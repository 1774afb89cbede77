-- Takes some articles of an expiring slice out of the ledger and out of their clusters. ARGV:
-- caller, request, {slice, first, last, ids, versions} of the clusters that lose members, then
-- what becomes of each ('': it goes). Returns how many articles went; -1 where clusters changed.
local slice, first, last, ids, versions = unpack(cmsgpack.unpack(ARGV[3]))
local function work()
  local losing = {}
  for i = 1, #ids do
    local held = call('HGET', root .. 'clusters', ids[i])
    if not held or cmsgpack.unpack(held)[2] ~= versions[i] then
      return -1
    end
    losing[ids[i]] = true
  end
  for n = first, last do
    local cluster = call('HGET', number_key('m', slice, n))
    if cluster and not losing[cluster] then
      return -1
    end
  end
  local gone = 0
  for n = first, last do
    if forget(slice, n) then
      gone = gone + 1
      call('HDEL', number_key('n', slice, n))
      call('HDEL', number_key('m', slice, n))
    end
  end
  for i = 1, #ids do
    if ARGV[3 + i] == '' then
      call('HDEL', root .. 'clusters', ids[i])
      unredirect(ids[i])
    else
      call('HSET', root .. 'clusters', ids[i], ARGV[3 + i])
    end
  end
  if gone > 0 then -- -0 is no integer to Redis
    call('HINCRBY', root .. 'live', slice, -gone)
  end
  call('HSET', root .. 'expired', slice, last + 1)
  return gone
end
return once(work)

-- Applies a change of clusters where it still holds. ARGV: caller, request, {expected, unlinked
-- slices, unlinked numbers, hands, dropped, redirects, clusters, events}, clusters, events.
local expected, slices, numbers, hands, dropped, redirects, n_clusters, n_events =
  unpack(cmsgpack.unpack(ARGV[3]))

local function holds(known)
  if tonumber(call('HGET', root .. 'hands', 'version') or 0) ~= hands then
    return false
  end
  for _, each in ipairs(expected) do
    local held = call('HGET', root .. 'clusters', each[1])
    local cluster = held and cmsgpack.unpack(held)
    if not cluster or cluster[2] ~= each[2] then
      return false
    end
    known[each[1]] = cluster
  end
  for i = 1, #slices do
    local kept = call('HGET', number_key('n', slices[i], numbers[i]))
    if
      not kept
      or call('HEXISTS', number_key('m', slices[i], numbers[i])) == 1
      or not leads(sub(kept, 1, 16), place(slices[i], numbers[i]))
    then
      return false
    end
  end
  local names = {}
  for i = 1, n_clusters do
    names[i] = cmsgpack.unpack(ARGV[3 + i])[1]
  end
  for _, each in ipairs(redirects) do
    names[#names + 1] = each[1]
  end
  for _, id in ipairs(names) do
    if
      not known[id]
      and (call('HEXISTS', root .. 'clusters', id) == 1
        or call('HEXISTS', root .. 'redirects', id) == 1)
    then
      return false
    end
  end
  return true
end

local function membership(at)
  local slice = floor(at / SHIFT)
  return number_key('m', slice, at - slice * SHIFT)
end

local function work()
  local known = {}
  if not holds(known) then
    return 0
  end
  local before, after = {}, {} -- place, cluster
  local function leave(id)
    local held = call('HGET', root .. 'clusters', id)
    if held then
      for _, member in ipairs(cmsgpack.unpack(held)[3]) do
        before[member] = id
      end
    end
  end
  for _, id in ipairs(dropped) do
    leave(id)
    call('HDEL', root .. 'clusters', id)
  end
  for _, each in ipairs(redirects) do
    local from, to = each[1], each[2]
    leave(from)
    call('HDEL', root .. 'clusters', from)
    call('HSET', root .. 'redirects', from, to)
    local into = call('HGET', root .. 'into', to)
    into = into and cmsgpack.unpack(into) or {}
    into[#into + 1] = from
    call('HSET', root .. 'into', to, cmsgpack.pack(into))
  end
  for i = 1, n_clusters do
    local blob = ARGV[3 + i]
    local cluster = cmsgpack.unpack(blob)
    leave(cluster[1])
    for _, member in ipairs(cluster[3]) do
      after[member] = cluster[1]
    end
    call('HSET', root .. 'clusters', cluster[1], blob)
  end
  for member, id in pairs(after) do
    if before[member] ~= id then
      local key, field = membership(member)
      call('HSET', key, field, id)
    end
  end
  for member in pairs(before) do
    if not after[member] then
      call('HDEL', membership(member))
    end
  end
  for _, id in ipairs(dropped) do
    if call('HEXISTS', root .. 'redirects', id) == 0 then
      unredirect(id)
    end
  end
  for i = 1, n_events do
    local position = call('INCR', root .. 'position')
    call('XADD', root .. 'events', position .. '-0', 'e', ARGV[3 + n_clusters + i])
  end
  return 1
end
return once(work)

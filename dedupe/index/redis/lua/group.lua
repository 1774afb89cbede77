-- A group of buckets is one string of entries of 6 bytes: 3 that tell its buckets apart, then the
-- member's number, oldest first. A member may stand there twice: a repeated call appends again.
-- MARK as a member says that the bucket has pushed members out.
local call, sub, find, char = redis.call, string.sub, string.find, string.char
local MARK = '\255\255\255'

-- The distinct members of a bucket, oldest first, and whether it was marked.
local function members_of(group, rest)
  local members, marked, count = {}, false, 0
  local at = find(group, rest, 1, true)
  while at do
    if at % 6 == 1 then
      local member = sub(group, at + 3, at + 5)
      local again = false
      if member == MARK then
        marked, again = true, true
      end
      for i = 1, count do
        again = again or members[i] == member
      end
      if not again then
        count = count + 1
        members[count] = member
      end
      at = at + 5
    end
    at = find(group, rest, at + 1, true)
  end
  return members, marked, count
end

-- The group with nothing of a bucket but its newest `depth` members, without `left`.
local function shortened(group, rest, depth, left)
  local members, marked, count = members_of(group, rest)
  local kept, n = {}, 0
  for at = 1, #group, 6 do
    if sub(group, at, at + 2) ~= rest then
      n = n + 1
      kept[n] = sub(group, at, at + 5)
    end
  end
  local own = {}
  for i = math.max(1, count - depth + 1), count do
    if members[i] ~= left then
      own[#own + 1] = rest .. members[i]
    end
  end
  if #own > 0 and (marked or count > depth) then
    n = n + 1
    kept[n] = rest .. MARK
  end
  for i = 1, #own do
    kept[n + i] = own[i]
  end
  return table.concat(kept)
end

local function put(key, group)
  if group == '' then
    call('DEL', key)
  else
    call('SET', key, group)
  end
end

-- The first article with the same digest, and the slices near each article. ARGV: caller, request,
-- {stores, own slices, numbers, first near slices, last near slices, window}, digests (8 bytes
-- each), hours (8 bytes each). A head counts where its hours are at most the window apart.
-- Returns heads as slice, number (-1: none) and the near slices as slice, groups.
local stores, own, numbers, low, high, window = unpack(cmsgpack.unpack(ARGV[3]))
local NONE = '\0\0\0\0\0\0\0\0'
local heads, live, near = {}, {}, {}

local function groups_of(s)
  if live[s] == nil then
    live[s] = call('HGET', root .. 'slices', s)
    if live[s] then
      near[#near + 1] = s
      near[#near + 1] = tonumber(live[s])
    end
  end
  return live[s]
end

local function head_in(s, digest, hours)
  local held = groups_of(s) and call('HGET', digest_key(s, digest))
  if held then
    local n, its = struct.unpack('>I4d', held)
    return math.abs(hours - its) <= window and n
  end
end

for i = 1, #own do
  local digest = sub(ARGV[4], 8 * i - 7, 8 * i)
  local slice, n = 0, -1
  local hours = struct.unpack('>d', sub(ARGV[5], 8 * i - 7, 8 * i))
  for s = low[i], high[i] do
    groups_of(s)
  end
  if stores[i] == 1 then
    groups_of(own[i])
  end
  if digest ~= NONE then
    local found = low[i] <= own[i] and own[i] <= high[i] and head_in(own[i], digest, hours)
    slice = own[i]
    for s = low[i], high[i] do
      if found then
        break
      end
      slice, found = s, head_in(s, digest, hours)
    end
    n = found or -1
    if stores[i] == 1 and n < 0 and call('HEXISTS', number_key('n', own[i], numbers[i])) == 1 then
      local key, field = digest_key(own[i], digest)
      call('HSETNX', key, field, struct.pack('>I4d', numbers[i], hours))
    end
  end
  heads[2 * i - 1], heads[2 * i] = slice, n
end
return { cmsgpack.pack(heads), cmsgpack.pack(near) }

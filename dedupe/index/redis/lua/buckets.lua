-- Enters articles into their buckets, then gives the groups that the buckets of all are in.
-- KEYS: roots of slot groups. ARGV: what to do, names of slices, then blocks of 8 bytes for each
-- article and band: 2 that name the group, 3 that name the bucket in it, 3 with the own number.
-- Returns the groups end to end, in the order of visits and bands, and the length of each: who is
-- in which bucket is read out of them by the caller, who has more time than the server.
local call, sub, char = redis.call, string.sub, string.char
local writes, reads, bounds, shelves, slot, articles, slices = unpack(cmsgpack.unpack(ARGV[1]))
local bands = bounds[#bounds] - bounds[1]
local width = 8 * bands
local names = {}
for s = 1, #shelves do
  local mine = {}
  for k = 1, #KEYS do
    for band = bounds[k], bounds[k + 1] - 1 do
      mine[#mine + 1] = KEYS[k] .. 'b' .. ARGV[1 + s] .. char(band % 256, math.floor(band / 256))
    end
  end
  names[s] = mine
end

-- The names of the groups that the buckets of article `i` are in, in slice `s`.
local function groups_of(i, s)
  local mine, block, at, found = names[s], ARGV[shelves[s]], (i - 1) * width + 1, {}
  for band = 1, bands do
    found[band] = mine[band] .. sub(block, at, at + 1)
    at = at + 8
  end
  return found
end

local written = {}
if writes then
  for i = 1, #slot do
    local s = slot[i]
    if s > 0 then
      local block, at, groups = ARGV[shelves[s]], (i - 1) * width + 3, groups_of(i, s)
      for band = 1, bands do
        call('APPEND', groups[band], sub(block, at, at + 5))
        at = at + 8
      end
      written[i] = groups
    end
  end
end
if not reads then
  return 0
end

local out, lengths, filled = {}, {}, 0
for v = 1, #articles do
  local i, s = articles[v], slices[v]
  local groups = call('MGET', unpack(s == slot[i] and written[i] or groups_of(i, s)))
  for band = 1, bands do
    local group = groups[band] or ''
    filled = filled + 1
    out[filled] = group
    lengths[filled] = #group
  end
end
return { table.concat(out), cmsgpack.pack(lengths) }

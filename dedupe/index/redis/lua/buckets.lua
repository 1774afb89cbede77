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

if writes then
  for i = 1, #slot do
    local s = slot[i]
    if s > 0 then
      local mine, block, at = names[s], ARGV[shelves[s]], (i - 1) * width + 1
      for band = 1, bands do
        call('APPEND', mine[band] .. sub(block, at, at + 1), sub(block, at + 2, at + 7))
        at = at + 8
      end
    end
  end
end
if not reads then
  return 0
end

local out, lengths, filled, asked = {}, {}, 0, {}
for v = 1, #articles do
  local s, at = slices[v], (articles[v] - 1) * width + 1
  local mine, block = names[s], ARGV[shelves[s]]
  for band = 1, bands do
    asked[band] = mine[band] .. sub(block, at, at + 1)
    at = at + 8
  end
  local groups = call('MGET', unpack(asked))
  for band = 1, bands do
    local group = groups[band] or ''
    filled = filled + 1
    out[filled] = group
    lengths[filled] = #group
  end
end
return { table.concat(out), cmsgpack.pack(lengths) }

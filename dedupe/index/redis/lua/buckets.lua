-- Enters articles into their buckets, then reads the members of the buckets of all of them.
-- KEYS: roots of slot groups. ARGV: what to do, names of slices, then blocks of 8 bytes for each
-- article and band: 2 that name the group, 3 that name the bucket in it, 3 with the own number.
local writes, reads, depth, bounds, shelves, slot, low, high =
  unpack(cmsgpack.unpack(ARGV[1]))
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

local out, filled, lengths, capped, pushed, asked, hot = {}, 0, {}, {}, {}, {}, {}

-- A bucket with several members: its newest go to `out`. Returns whether it has pushed any out.
local function crowded(group, rest, i, s, own)
  local members, marked, count = members_of(group, rest)
  if slot[i] == s and count > depth then
    local place = count
    while place > depth and members[place] ~= own do
      place = place - 1
    end
    if place > depth then
      pushed[s] = (pushed[s] or 0) + 1
    end
  end
  for m = math.max(1, count - depth + 1), count do
    filled = filled + 1
    out[filled] = members[m]
  end
  return marked or count > depth, count > 2 * depth and slot[i] > 0
end

-- The members of the buckets of article `i` in slice `s`; how many buckets have pushed some out.
local function visit(i, s)
  local mine, block, start, over = names[s], ARGV[shelves[s]], (i - 1) * width + 1, 0
  local at = start
  for band = 1, bands do
    asked[band] = mine[band] .. sub(block, at, at + 1)
    at = at + 8
  end
  local groups = call('MGET', unpack(asked))
  at = start
  for band = 1, bands do
    local group = groups[band]
    if group then
      local rest = sub(block, at + 2, at + 4)
      local from = find(group, rest, 1, true)
      while from and from % 6 ~= 1 do
        from = find(group, rest, from + 1, true)
      end
      if from and not find(group, rest, from + 6, true) then -- nearly always: one member
        filled = filled + 1
        out[filled] = sub(group, from + 3, from + 5)
      elseif from then
        local full, long = crowded(group, rest, i, s, sub(block, at + 5, at + 7))
        over = over + (full and 1 or 0)
        if long then
          hot[#hot + 1] = { asked[band], rest }
        end
      end
    end
    at = at + 8
  end
  return over
end

for i = 1, #slot do
  local over = 0
  for s = low[i], high[i] do
    local before = filled
    over = over + visit(i, s)
    lengths[#lengths + 1] = filled - before
  end
  capped[i] = over
  if slot[i] > 0 and (slot[i] < low[i] or slot[i] > high[i]) then -- only to count
    local before = filled
    visit(i, slot[i])
    filled = before
  end
end
for _, bucket in ipairs(hot) do -- only now: who pushed whom out is seen before
  put(bucket[1], shortened(call('GET', bucket[1]), bucket[2], depth))
end
for s, count in pairs(pushed) do
  call('HINCRBY', KEYS[1] .. 'capped', ARGV[1 + s], count)
end
return { table.concat(out, '', 1, filled), cmsgpack.pack(lengths), cmsgpack.pack(capped) }

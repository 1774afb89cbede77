-- Enters articles into their buckets, then reads the members of the buckets of all of them.
-- KEYS: roots of slot groups. ARGV: what to do, names of slices, then blocks of 8 bytes for each
-- article and band: 2 that name the group, 3 that name the bucket in it, 3 with the own number.
local writes, reads, depth, bounds, shelves, slot, counted, low, high =
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

local out, filled, lengths, capped, pushed, asked = {}, 0, {}, {}, {}, {}
for i = 1, #slot do
  local over = 0
  for s = low[i], high[i] do
    local mine, block, start = names[s], ARGV[shelves[s]], (i - 1) * width + 1
    local before, at = filled, start
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
          local members, marked, count = members_of(group, rest)
          if marked or count > depth then
            over = over + 1
            if counted[i] == s then
              local own, place = sub(block, at + 5, at + 7), count
              while place > 0 and members[place] ~= own do
                place = place - 1
              end
              if place > depth or (marked and place == count and count >= depth) then
                pushed[s] = (pushed[s] or 0) + 1
              end
            end
          end
          for m = math.max(1, count - depth + 1), count do
            filled = filled + 1
            out[filled] = members[m]
          end
          if count > 2 * depth and slot[i] > 0 then
            call('SET', asked[band], shortened(group, rest, depth))
          end
        end
      end
      at = at + 8
    end
    lengths[#lengths + 1] = filled - before
  end
  capped[i] = over
end
for s, count in pairs(pushed) do
  call('HINCRBY', KEYS[1] .. 'capped', ARGV[1 + s], count)
end
return { table.concat(out, '', 1, filled), cmsgpack.pack(lengths), cmsgpack.pack(capped) }

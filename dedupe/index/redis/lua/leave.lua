-- Takes one article out of its buckets. KEYS: the root of a slot group. ARGV: name of the slice,
-- first band, depth, number of groups / 256, the member, the low byte of its key in each band.
local first, depth, spread, left = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
for i = 1, #ARGV[6] do
  local band = first + i - 1
  local name = KEYS[1] .. 'b' .. ARGV[1] .. char(band % 256, math.floor(band / 256))
  for high = 0, spread - 1 do
    local key = name .. sub(ARGV[6], i, i) .. char(high)
    local group = call('GET', key)
    local at = group and find(group, left, 1, true)
    while at do
      if at % 6 == 4 then
        group = shortened(group, sub(group, at - 3, at - 1), depth, left)
        put(key, group)
        at = 0
      end
      at = find(group, left, at + 1, true)
    end
  end
end
return 0

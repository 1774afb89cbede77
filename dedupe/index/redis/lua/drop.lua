-- Deletes groups of one band of one slice. KEYS: the root of the slot group.
-- ARGV: slice and band as they stand in names, first group, last group.
local names = {}
for group = tonumber(ARGV[2]), tonumber(ARGV[3]) do
  names[#names + 1] = KEYS[1] .. 'b' .. ARGV[1] .. string.char(group % 256, math.floor(group / 256))
end
redis.call('UNLINK', unpack(names))
return 0

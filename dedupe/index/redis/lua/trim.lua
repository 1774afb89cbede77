-- Cuts hot buckets to their newest members. KEYS: the root of a slot group. ARGV: depth, then for
-- each bucket the rest of its group's key and the 3 bytes that tell it from others in the group.
for i = 2, #ARGV, 2 do
  local key = KEYS[1] .. ARGV[i]
  local group = call('GET', key)
  if group then
    put(key, shortened(group, ARGV[i + 1], tonumber(ARGV[1])))
  end
end
return 0

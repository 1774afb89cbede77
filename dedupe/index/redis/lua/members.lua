-- The cluster of each article. ARGV: caller, request, slices, numbers.
local slices, numbers = cmsgpack.unpack(ARGV[3]), cmsgpack.unpack(ARGV[4])
local told = {}
for i = 1, #slices do
  told[i] = call('HGET', number_key('m', slices[i], numbers[i]))
end
return told

-- Marks articles whose record and buckets are all written. ARGV: caller, request, slices, numbers.
local slices, numbers = cmsgpack.unpack(ARGV[3]), cmsgpack.unpack(ARGV[4])
for i = 1, #slices do
  call('SETBIT', root .. 'o' .. slices[i], numbers[i], 1)
end
return 0

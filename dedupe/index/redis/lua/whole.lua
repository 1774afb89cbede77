-- Marks articles whose record is written, and those of them whose buckets are. ARGV: caller, request,
-- slices, numbers, 1 or 0 for each.
local slices, numbers = cmsgpack.unpack(ARGV[3]), cmsgpack.unpack(ARGV[4])
local entered = cmsgpack.unpack(ARGV[5])
for i = 1, #slices do
  call('SETBIT', root .. 'o' .. slices[i], 2 * numbers[i], 1)
  if entered[i] == 1 then
    call('SETBIT', root .. 'o' .. slices[i], 2 * numbers[i] + 1, 1)
  end
end
return 0

-- Appends a part to what a slice says. ARGV: caller, request, slice, part.
local function work()
  open_slice(ARGV[3])
  return call('RPUSH', root .. 't' .. ARGV[3], ARGV[4])
end
return once(work)

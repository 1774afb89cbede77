-- Appends a part to what a slice says; returns its position. ARGV: caller, request, slice, part.
local function work()
  open_slice(ARGV[3])
  local folded = tonumber(call('HGET', root .. 'folded', ARGV[3]) or 0)
  return folded + call('RPUSH', root .. 't' .. ARGV[3], ARGV[4])
end
return once(work)

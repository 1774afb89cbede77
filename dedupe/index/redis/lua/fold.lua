-- Replaces the parts up to a position by one. ARGV: caller, request, slice, position, whole.
local parts, position = root .. 't' .. ARGV[3], tonumber(ARGV[4])
local function work()
  local folded = tonumber(call('HGET', root .. 'folded', ARGV[3]) or 0)
  if position <= folded or position > folded + call('LLEN', parts) then
    return 0
  end
  call('LTRIM', parts, position - folded, -1)
  call('HSET', root .. 'folded', ARGV[3], position)
  call('SET', root .. 'f' .. ARGV[3], ARGV[5])
  return 1
end
return once(work)

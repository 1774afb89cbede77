-- Replaces the hands. ARGV: caller, request, their version, hands.
local function work()
  if tonumber(call('HGET', root .. 'hands', 'version') or 0) + 1 ~= tonumber(ARGV[3]) then
    return 0
  end
  call('HSET', root .. 'hands', 'version', ARGV[3], 'hands', ARGV[4])
  return 1
end
return once(work)

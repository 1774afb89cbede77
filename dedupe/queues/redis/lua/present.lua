-- Members of a role. ARGV: caller, request, role, name, now, seconds.
local members, now, seconds = root .. 'members:' .. ARGV[3], tonumber(ARGV[5]), tonumber(ARGV[6])
call('ZREMRANGEBYSCORE', members, '-inf', ARGV[5])
if seconds > 0 then
  call('ZADD', members, string.format('%.17g', now + seconds), ARGV[4])
else
  call('ZREM', members, ARGV[4])
end
return call('ZRANGE', members, 0, -1)

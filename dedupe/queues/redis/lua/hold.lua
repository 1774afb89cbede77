-- Has a lock, or lets go of it. ARGV: caller, request, lock, name, now, seconds.
local locks, lock, name, now, seconds =
  root .. 'locks', ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local held = call('HGET', locks, lock)
if held then
  local till, holder = unpack(cmsgpack.unpack(held))
  if holder ~= name and till > now then
    return 0
  end
end
if seconds > 0 then
  call('HSET', locks, lock, cmsgpack.pack({ now + seconds, name }))
else
  call('HDEL', locks, lock)
end
return 1

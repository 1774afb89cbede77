-- Appends messages and moves a cursor in another log. ARGV: caller, request, reader, before, after,
-- messages.
return once(function()
  if (call('HGET', root .. 'copied', ARGV[3]) or '') ~= ARGV[4] then
    return 0
  end
  tell(6, #ARGV)
  call('HSET', root .. 'copied', ARGV[3], ARGV[5])
  call('HDEL', root .. 'cursors', ARGV[3])
  return 1
end)

-- Moves a reader's cursor. ARGV: caller, request, reader, before, after.
return once(function()
  if (call('HGET', root .. 'cursors', ARGV[3]) or '') ~= ARGV[4] then
    return 0
  end
  call('HSET', root .. 'cursors', ARGV[3], ARGV[5])
  return 1
end)

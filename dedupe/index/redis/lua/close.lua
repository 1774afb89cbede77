-- The end of a slice whose articles below a number are gone. ARGV: caller, request, slice, number.
-- Returns 0 where articles were added meanwhile: they go in another round.
if tonumber(call('HGET', root .. 'next', ARGV[3]) or 0) ~= tonumber(ARGV[4]) then
  return 0
end
call('HDEL', root .. 'slices', ARGV[3])
call('HDEL', root .. 'live', ARGV[3])
call('HDEL', root .. 'folded', ARGV[3])
call('UNLINK', root .. 't' .. ARGV[3], root .. 'f' .. ARGV[3], root .. 'o' .. ARGV[3])
return 1

-- The last of an article: its number. ARGV: caller, request, slice, number.
if call('HDEL', number_key('n', ARGV[3], tonumber(ARGV[4]))) == 1 then
  call('HINCRBY', root .. 'live', ARGV[3], -1)
end
return 0

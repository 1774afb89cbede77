-- How far a reader is; a new one is noted. ARGV: caller, request, reader.
local copied = call('HGET', root .. 'copied', ARGV[3])
if copied then
  return copied
end
call('HSETNX', root .. 'cursors', ARGV[3], '')
return call('HGET', root .. 'cursors', ARGV[3])

-- Counts some entries beyond one: how many, and the last. ARGV: caller, request, id, most.
local found = call('XRANGE', ARTICLES, '(' .. ARGV[3], '+', 'COUNT', ARGV[4])
return { #found, #found > 0 and found[#found][1] or ARGV[3] }

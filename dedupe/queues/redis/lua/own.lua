-- Entries that a consumer has, beyond one. ARGV: caller, request, consumer, most, after.
local handed = once(function()
  local first = ARGV[5] == '' and '-' or '(' .. ARGV[5]
  local pending = in_group('XPENDING', ARTICLES, GROUP, first, '+', ARGV[4], ARGV[3])
  return claim(together(pending, tonumber(ARGV[4])), ARGV[3])
end)
return handed.err and handed or with_fields(handed)

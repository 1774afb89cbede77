-- Entries that a consumer has, beyond one. ARGV: caller, request, consumer, most, how
-- often entries are handed out together, after.
local handed = once(function()
  local first = ARGV[6] == '' and '-' or '(' .. ARGV[6]
  local pending, left
  repeat
    pending = in_group('XPENDING', ARTICLES, GROUP, first, '+', ARGV[4], ARGV[3])
    left = there(pending)
  until #left > 0 or #pending == 0
  return hand_out(left, tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[3])
end)
return handed.err and handed or with_fields(handed)

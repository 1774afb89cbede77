-- Entries that others have had for long. ARGV: caller, request, consumer, most, how
-- often entries are handed out together, milliseconds.
local PAGE = 256

local handed = once(function()
  local consumer, most = ARGV[3], tonumber(ARGV[4])
  local theirs, first = {}, '-'
  while #theirs < most do
    local pending = in_group('XPENDING', ARTICLES, GROUP, 'IDLE', ARGV[6], first, '+', PAGE)
    for _, each in ipairs(there(pending)) do
      if each[2] ~= consumer then
        theirs[#theirs + 1] = each
      end
    end
    if #pending < PAGE then
      break
    end
    first = '(' .. pending[PAGE][1]
  end
  return hand_out(theirs, most, tonumber(ARGV[5]), consumer)
end)
return handed.err and handed or with_fields(handed)

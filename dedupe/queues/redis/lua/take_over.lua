-- Entries that others have had for long. ARGV: caller, request, consumer, most, milliseconds.
local PAGE = 256

local handed = once(function()
  local consumer, most = ARGV[3], tonumber(ARGV[4])
  local theirs, first = {}, '-'
  while #theirs < most do
    local pending = in_group('XPENDING', ARTICLES, GROUP, 'IDLE', ARGV[5], first, '+', PAGE)
    for _, each in ipairs(pending) do
      if each[2] ~= consumer then
        theirs[#theirs + 1] = each
      end
      first = '(' .. each[1]
    end
    if #pending < PAGE then
      break
    end
  end
  return claim(together(theirs, most), consumer)
end)
return handed.err and handed or with_fields(handed)

-- Ends entries that have not ended, and tells their outputs. ARGV: caller, request, then for each
-- its id, the number of its outputs, these.
return once(function()
  are_streams(DECISIONS)
  local ended, at = 0, 3
  while at <= #ARGV do
    local outputs = tonumber(ARGV[at + 1])
    if call('XACK', ARTICLES, GROUP, ARGV[at]) == 1 then
      ended = ended + 1
      tell(at + 2, at + 1 + outputs)
    end
    at = at + 2 + outputs
  end
  return ended
end)

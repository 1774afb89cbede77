-- Ends an entry and keeps it among the dead. ARGV: caller, request, id, version of its format,
-- article, reason, outputs.
return once(function()
  are_streams(DEAD, DECISIONS)
  if call('XACK', ARTICLES, GROUP, ARGV[3]) == 0 then
    return 0
  end
  call('XADD', DEAD, '*', 'v', ARGV[4], 'article', ARGV[5], 'entry', ARGV[3], 'reason', ARGV[6])
  tell(7, #ARGV)
  return 1
end)

-- Adds feeds that are not there. ARGV: caller, request, then key and first state of each.
return once(function()
  local added = 0
  for i = 3, #ARGV, 2 do
    added = added + call('HSETNX', root .. 'feeds', ARGV[i], '1 ' .. ARGV[i + 1])
  end
  return added
end)

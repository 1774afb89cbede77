-- Replaces the state of a feed and appends its articles. ARGV: caller, request, version of their
-- format, key, version of the state that was read, new state, articles.
return once(function()
  local key, version, state = ARGV[4], ARGV[5], ARGV[6]
  local held = call('HGET', root .. 'feeds', key)
  if not held or held:match('^%d+') ~= version then
    return 0
  end
  for i = 7, #ARGV do
    put(ARGV[i], ARGV[3])
  end
  call('HSET', root .. 'feeds', key, string.format('%.0f ', tonumber(version) + 1) .. state)
  return 1
end)

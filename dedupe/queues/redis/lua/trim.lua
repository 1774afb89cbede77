-- Deletes what is from before a time and behind all that read it. ARGV: caller, request, that time
-- and a day in milliseconds.
in_group('XPENDING', ARTICLES, GROUP)

-- The lowest id of a stream that somebody still needs, or the one that the time gives.
local function needed(stream, cursors)
  local lowest = ARGV[3] .. '-0'
  local function spare(id)
    if id and before(id, lowest) then
      lowest = id
    end
  end
  for _, group in ipairs(groups_of(stream)) do
    spare(beyond(stream, group['last-delivered-id']))
    spare(first_pending(stream, group.name))
  end
  for _, cursor in ipairs(cursors) do
    spare(beyond(stream, cursor))
  end
  return lowest
end

for _, each in ipairs(call('XINFO', 'CONSUMERS', ARTICLES, GROUP)) do
  local consumer = named(each)
  if consumer.pending == 0 and consumer.idle > tonumber(ARGV[4]) then
    call('XGROUP', 'DELCONSUMER', ARTICLES, GROUP, consumer.name)
  end
end
return call('XTRIM', ARTICLES, 'MINID', needed(ARTICLES, {}))
  + call('XTRIM', DECISIONS, 'MINID', needed(DECISIONS, call('HVALS', root .. 'cursors')))

-- Entries that nobody has had. ARGV: caller, request, consumer, most. Gives the id up to which all
-- are handed out, and the entries.
local handed = once(function()
  local ids = {}
  local read =
    in_group('XREADGROUP', 'GROUP', GROUP, ARGV[3], 'COUNT', ARGV[4], 'STREAMS', ARTICLES, '>')
  for _, entry in ipairs(read and read[1][2] or {}) do
    ids[#ids + 1] = { entry[1], 0 }
  end
  return ids
end)
if handed.err then
  return handed
end
local last = '0-0'
for _, group in ipairs(groups_of(ARTICLES)) do
  if group.name == GROUP then
    last = group['last-delivered-id']
  end
end
return { last, with_fields(handed) }

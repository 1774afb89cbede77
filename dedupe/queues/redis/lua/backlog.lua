-- How much waits: entries, the id up to which all are handed out, how many are not (-1: count
-- them), pending ones, the id of the oldest that is unfinished, dead, messages, the number of the
-- last message, and for each reader its name and the number of the next message for it.
local FEW = 256
local pending = in_group('XPENDING', ARTICLES, GROUP)
local last, waiting = '0-0', -1
for _, group in ipairs(groups_of(ARTICLES)) do
  if group.name == GROUP then
    last, waiting = group['last-delivered-id'], group.lag or -1
  end
end
-- A server that has read its log again has forgotten how many were handed out: few are counted.
local few = #call('XRANGE', ARTICLES, '(' .. last, '+', 'COUNT', FEW)
if few < FEW then
  waiting = few
elseif waiting >= 0 then
  waiting = math.max(waiting, few)
end
local oldest, next = pending[2] or nil, beyond(ARTICLES, last)
if next and (not oldest or before(next, oldest)) then
  oldest = next
end
local told = tonumber(call('GET', root .. 'told') or 0)
local readers = {}
local cursors = call('HGETALL', root .. 'cursors')
for i = 1, #cursors, 2 do
  local from = cursors[i + 1]
  local first = call('XRANGE', DECISIONS, from == '' and '-' or '(' .. from, '+', 'COUNT', 1)[1]
  local number = first and tonumber(named(first[2]).n) or told + 1
  readers[#readers + 1] = cursors[i]
  readers[#readers + 1] = number
end
return {
  call('XLEN', ARTICLES), last, waiting, pending[1], oldest or '',
  call('XLEN', DEAD), call('XLEN', DECISIONS), told, readers,
}

-- What all scripts of the queue share. KEYS[1] is its root; ARGV[1] the caller and ARGV[2] the
-- number of its request, ascending: one whose reply was lost gets that reply again, and one that
-- its caller has given up, and that arrives behind a later one, does nothing.
local call, sub, find = redis.call, string.sub, string.find
local root = KEYS[1]
local ARTICLES, DECISIONS, DEAD = root .. 'articles', root .. 'decisions', root .. 'dead'
local GROUP = 'workers'

local function once(work)
  local asker, number = root .. 'asker:' .. ARGV[1], tonumber(ARGV[2])
  local held = call('GET', asker)
  local last = held and cmsgpack.unpack(held)
  if last and last[1] == number then
    return last[2]
  end
  if last and last[1] > number then
    return redis.error_reply('LATE its caller has given up this request')
  end
  local reply = work()
  call('SET', asker, cmsgpack.pack({ number, reply }), 'EX', 3600)
  return reply
end

-- A command on the group, which is made where it is not there (any more).
local function in_group(...)
  local reply = redis.pcall(...)
  if type(reply) == 'table' and reply.err and find(reply.err, 'NOGROUP', 1, true) then
    call('XGROUP', 'CREATE', ARTICLES, GROUP, '0', 'MKSTREAM')
    return call(...)
  end
  if type(reply) == 'table' and reply.err then
    error(reply.err, 0)
  end
  return reply
end

-- Fields of a reply that names each.
local function named(flat)
  local fields = {}
  for i = 1, #flat, 2 do
    fields[flat[i]] = flat[i + 1]
  end
  return fields
end

local function groups_of(stream)
  local groups = {}
  if call('EXISTS', stream) == 1 then
    for i, each in ipairs(call('XINFO', 'GROUPS', stream)) do
      groups[i] = named(each)
    end
  end
  return groups
end

-- The id of the first entry beyond one; nil where there is none.
local function beyond(stream, id)
  local first = call('XRANGE', stream, id == '' and '-' or '(' .. id, '+', 'COUNT', 1)[1]
  return first and first[1]
end

local function first_pending(stream, group)
  return call('XPENDING', stream, group)[2] or nil
end

-- Whether an id comes before another. They are compared as text: a number would be rounded.
local function before(one, other)
  local a, b = { one:match('(%d+)-(%d+)') }, { other:match('(%d+)-(%d+)') }
  for i = 1, 2 do
    if a[i] ~= b[i] then
      return #a[i] < #b[i] or #a[i] == #b[i] and a[i] < b[i]
    end
  end
  return false
end

local function put(article, version)
  return call('XADD', ARTICLES, '*', 'v', version, 'article', article)
end

-- Fails where a stream is none: a script that fails later has done half of its work.
local function are_streams(...)
  for _, stream in ipairs({ ... }) do
    call('XLEN', stream)
  end
end

-- Appends ARGV from a place on to the output, each with its number.
local function tell(from, to)
  if to < from then
    return
  end
  local number = tonumber(call('GET', root .. 'told') or 0)
  for i = from, to do
    number = number + 1
    call('XADD', DECISIONS, '*', 'n', string.format('%.0f', number), 'message', ARGV[i])
  end
  call('SET', root .. 'told', string.format('%.0f', number))
end

-- Entries as they are handed out, {id, times handed out before}, with their fields.
local function with_fields(handed)
  local entries = {}
  for _, each in ipairs(handed) do
    local found = call('XRANGE', ARTICLES, each[1], each[1])[1]
    if found then
      entries[#entries + 1] = { each[1], each[2], found[2] }
    end
  end
  return entries
end

-- Those of some pending entries, lines of XPENDING, that nobody has deleted from the stream.
local function there(pending)
  local found = {}
  for _, each in ipairs(pending) do
    if call('XRANGE', ARTICLES, each[1], each[1])[1] then
      found[#found + 1] = each
    else
      call('XACK', ARTICLES, GROUP, each[1])
    end
  end
  return found
end

-- Hands out the first of some pending entries, as many as may come together: one that was handed
-- out so often comes alone.
local function hand_out(pending, most, often, consumer)
  local handed = {}
  for _, each in ipairs(pending) do
    local id, tries = each[1], each[4]
    if #handed == most or tries >= often and #handed > 0 then
      break
    end
    call('XCLAIM', ARTICLES, GROUP, consumer, 0, id, 'RETRYCOUNT', tries + 1, 'JUSTID')
    handed[#handed + 1] = { id, tries }
    if tries >= often then
      break
    end
  end
  return handed
end

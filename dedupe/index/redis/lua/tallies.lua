-- The parts beyond the positions that were read. ARGV: caller, request, {slices, positions}.
-- Returns for each slice that has some: slice, position folded, whole or '', position of the first
-- part that follows, parts.
local known = {}
local slices, positions = unpack(cmsgpack.unpack(ARGV[3]))
for i = 1, #slices do
  known[slices[i]] = positions[i]
end
local told = {}
for _, slice in ipairs(call('HKEYS', root .. 'slices')) do
  local parts = root .. 't' .. slice
  local folded = tonumber(call('HGET', root .. 'folded', slice) or 0)
  local read = known[tonumber(slice)] or 0
  local last = folded + call('LLEN', parts)
  if read < last then
    local whole = ''
    if read < folded then
      whole = call('GET', root .. 'f' .. slice)
      read = folded
    end
    told[#told + 1] = { slice, folded, whole, read + 1, call('LRANGE', parts, read - folded, -1) }
  end
end
return told

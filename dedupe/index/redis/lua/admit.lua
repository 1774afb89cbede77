-- The first article with the same digest, and the slices near each article. ARGV: caller, request,
-- {stores, own slices, numbers, first near slices, last near slices}, digests (8 bytes each).
-- Returns heads as slice, number (-1: none) and the near slices as slice, groups.
local stores, own, numbers, low, high = unpack(cmsgpack.unpack(ARGV[3]))
local NONE = '\0\0\0\0\0\0\0\0'
local heads, live, near = {}, {}, {}
for i = 1, #own do
  local digest = sub(ARGV[4], 8 * i - 7, 8 * i)
  local slice, n = 0, -1
  for s = low[i], high[i] do
    if live[s] == nil then
      live[s] = call('HGET', root .. 'slices', s)
      if live[s] then
        near[#near + 1] = s
        near[#near + 1] = tonumber(live[s])
      end
    end
    if live[s] and n < 0 and digest ~= NONE then
      local held = call('HGET', digest_key(s, digest))
      if held then
        slice, n = s, struct.unpack('>I4', held)
      end
    end
  end
  if stores[i] == 1 and digest ~= NONE then
    local key, field = digest_key(own[i], digest)
    call('HSETNX', key, field, struct.pack('>I4', numbers[i]))
  end
  if stores[i] == 1 and live[own[i]] == nil then
    live[own[i]] = call('HGET', root .. 'slices', own[i])
    near[#near + 1] = own[i]
    near[#near + 1] = tonumber(live[own[i]])
  end
  heads[2 * i - 1], heads[2 * i] = slice, n
end
return { cmsgpack.pack(heads), cmsgpack.pack(near) }

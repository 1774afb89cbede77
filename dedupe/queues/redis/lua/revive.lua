-- Puts dead entries into the queue again. ARGV: caller, request, their ids among the dead.
return once(function()
  local revived = 0
  for i = 3, #ARGV do
    local found = call('XRANGE', DEAD, ARGV[i], ARGV[i])[1]
    if found then
      local fields = named(found[2])
      put(fields.article or '', fields.v or '0')
      call('XDEL', DEAD, ARGV[i])
      revived = revived + 1
    end
  end
  return revived
end)

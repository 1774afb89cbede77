-- Deletes fields or entries; how many there were. ARGV: caller, request, command, key, their names.
return once(function()
  local gone = 0
  for i = 5, #ARGV do
    gone = gone + call(ARGV[3], root .. ARGV[4], ARGV[i])
  end
  return gone
end)

-- Appends articles. ARGV: caller, request, version of their format, articles.
return once(function()
  local ids = {}
  for i = 4, #ARGV do
    ids[#ids + 1] = put(ARGV[i], ARGV[3])
  end
  return ids
end)

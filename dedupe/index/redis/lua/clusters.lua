-- Clusters, through redirects. ARGV: caller, request, ids.
local told = {}
for i = 3, #ARGV do
  local id = ARGV[i]
  local to = call('HGET', root .. 'redirects', id)
  while to do
    id = to
    to = call('HGET', root .. 'redirects', id)
  end
  told[i - 2] = call('HGET', root .. 'clusters', id)
end
return told

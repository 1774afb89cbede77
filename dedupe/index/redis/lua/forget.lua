-- Takes an article out of the ledger but for its number. ARGV: caller, request, slice, number,
-- hash of the receipt's id, receipt. Returns the cluster that it is in, where it is in one.
local slice, n = ARGV[3], tonumber(ARGV[4])
local cluster = call('HGET', number_key('m', slice, n))
if cluster then
  return cluster
end
if ARGV[6] ~= '' then
  call('HSET', root .. 'receipts', ARGV[5], ARGV[6])
end
local kept = call('HGET', number_key('n', slice, n))
if kept then
  local key, field = id_key(sub(kept, 1, 16))
  local held = call('HGET', key, field)
  if held and sub(held, 1, 8) == place(slice, n) then
    call('HDEL', key, field)
  end
  remove_head(slice, sub(kept, 17, 24), n)
end
return false

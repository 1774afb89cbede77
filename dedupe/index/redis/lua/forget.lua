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
forget(slice, n)
return false

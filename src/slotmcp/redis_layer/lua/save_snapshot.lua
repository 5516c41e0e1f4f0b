-- Save the snapshot of a schedule, and let the previous newest snapshot expire soon.
-- KEYS: the newest snapshot's revision; the new snapshot; the prefix of a snapshot's key, to which a revision is added.
-- The prefix has the hash tag of the other keys, so a cluster keeps all of them on one node.
-- ARGV: the revision; the encoded schedule; lifetime of the new snapshot and of the previous one, in milliseconds.
-- Returns 1 if it was saved, 0 if a newer one exists.
local newest = tonumber(redis.call('GET', KEYS[1]) or '-1')
local revision = tonumber(ARGV[1])
if revision < newest then return 0 end
if revision > newest and newest >= 0 then
  redis.call('PEXPIRE', KEYS[3] .. newest, ARGV[4])
end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1

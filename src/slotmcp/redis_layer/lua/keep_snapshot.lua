-- Keep a book at a revision; the one that was the newest until now goes soon.
-- KEYS: the newest snapshot's revision; the new snapshot; the stem of a snapshot's key, to which a revision is added:
-- it has the hash tag of the others, so a cluster has them all in one place.
-- ARGV: the revision; the book as bytes; milliseconds the new one lives; milliseconds the outdated one still lives.
-- Gives 1 where it was kept, 0 where a newer one was there.
local newest = tonumber(redis.call('GET', KEYS[1]) or '-1')
local revision = tonumber(ARGV[1])
if revision < newest then return 0 end
if revision > newest and newest >= 0 then
  redis.call('PEXPIRE', KEYS[3] .. newest, ARGV[4])
end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1

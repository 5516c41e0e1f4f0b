-- Keep the larger of two revisions for as long as it may be believed, and tell the news.
-- KEYS[1]: the revision's key.
-- ARGV: a revision; milliseconds it may be believed for; a channel, and what to say there: nothing is said if it is ''.
-- Gives 1 where the revision is the newest that is known, 0 where a newer one was.
if ARGV[4] ~= '' then redis.call('PUBLISH', ARGV[3], ARGV[4]) end
local known = tonumber(redis.call('GET', KEYS[1]) or '-1')
local told = tonumber(ARGV[1])
if told < known then return 0 end
if told == known and redis.call('PTTL', KEYS[1]) >= tonumber(ARGV[2]) then return 1 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1

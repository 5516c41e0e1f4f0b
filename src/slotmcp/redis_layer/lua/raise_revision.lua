-- Store the larger of two revisions with its lifetime, and publish a message.
-- KEYS[1]: the key of the revision.
-- ARGV: a revision; its lifetime in milliseconds; a channel; the message, which is not published if it is ''.
-- Returns 1 if the revision is the newest known, 0 if a newer one is stored.
if ARGV[4] ~= '' then redis.call('PUBLISH', ARGV[3], ARGV[4]) end
local known = tonumber(redis.call('GET', KEYS[1]) or '-1')
local reported = tonumber(ARGV[1])
if reported < known then return 0 end
if reported == known and redis.call('PTTL', KEYS[1]) >= tonumber(ARGV[2]) then return 1 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1

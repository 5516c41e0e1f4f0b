-- Count a call, unless there were too many (GCRA). What lies in the past counts for nothing.
-- KEYS[1]: when the caller will have had their fill, in milliseconds of this server's clock.
-- ARGV: milliseconds that one call takes of the fill; milliseconds that may be taken at once.
-- Gives 0 where the call was counted, else the milliseconds after which to ask again.
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + tonumber(ARGV[1])
local wait = full - now - tonumber(ARGV[2])
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil(full - now))
return 0

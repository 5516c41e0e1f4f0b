-- Count a call, unless the limit is reached (generic cell rate algorithm, GCRA).
-- KEYS[1]: the time until which the allowed calls fill the rate, in milliseconds of this server's clock.
-- ARGV: milliseconds between two calls at the rate; milliseconds of calls that may come in one burst.
-- Returns 0 if the call was counted, otherwise the milliseconds to wait.
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local burst = tonumber(ARGV[2])
local stored = tonumber(redis.call('GET', KEYS[1]) or '0')
-- No counted call leads to a later time, so this server's clock was set back.
if stored > now + burst + 1 then stored = now end
local full = math.max(stored, now) + tonumber(ARGV[1])
local wait = full - now - burst
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil(full - now))
return 0

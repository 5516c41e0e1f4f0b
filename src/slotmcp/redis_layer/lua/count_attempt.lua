-- Count an attempt, unless the limit is reached within the period that ends now.
-- KEYS[1]: list of the times of the attempts within the period, in milliseconds of this server's clock, oldest first.
-- ARGV: largest number of attempts; length of the period in milliseconds.
-- Returns 0 if the attempt was counted, otherwise the milliseconds to wait.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, period = tonumber(ARGV[1]), tonumber(ARGV[2])
-- Attempts after now were counted before this server's clock was set back. They count as attempts at this moment.
if tonumber(redis.call('LINDEX', KEYS[1], -1) or now) > now then
  for number, at in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
    if tonumber(at) > now then redis.call('LSET', KEYS[1], number - 1, string.format('%.0f', now)) end
  end
  redis.call('PEXPIRE', KEYS[1], period)
end
local oldest = tonumber(redis.call('LINDEX', KEYS[1], 0) or now)
while oldest <= now - period do
  redis.call('LPOP', KEYS[1])
  oldest = tonumber(redis.call('LINDEX', KEYS[1], 0) or now)
end
if redis.call('LLEN', KEYS[1]) >= limit then return oldest + period - now end
redis.call('RPUSH', KEYS[1], string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], period)
return 0

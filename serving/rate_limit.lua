-- Takes tokens from a client's bucket. KEYS[1]: the bucket. ARGV: tokens a second, size of the bucket, tokens requested.
-- Returns how many are granted (0 when there is none), and in how many seconds there will be one.
local rate, size, requested = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(size, (tonumber(kept[1]) or size) + math.max(0, now - (tonumber(kept[2]) or now)) * rate)
local granted = math.min(requested, math.floor(tokens))
tokens = tokens - granted
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(1000 * size / rate) + 1000)
return {granted, string.format('%.3f', math.max(0, (1 - tokens) / rate))}

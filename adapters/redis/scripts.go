package redisstore

// Each script works on the keys of one slot. A token's value begins with its
// layout, one character, its expiry and its epoch, of 20 digits each, which
// compare as texts do.

// putScript keeps a token unless there is one.
const putScript = `-- put
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 1
end
return 0`

// takeScript returns a token and removes it.
const takeScript = `-- take
local value = redis.call('GET', KEYS[1])
if value then
  redis.call('DEL', KEYS[1])
end
return value`

// extendScript lets a token expire later, if it is there and that is later.
// It returns what does not change of a token that it extended.
const extendScript = `-- extend
local kept = redis.call('GETRANGE', KEYS[1], 1, 20)
if kept == '' or kept >= ARGV[1] then
  return false
end
redis.call('SETRANGE', KEYS[1], 1, ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return redis.call('GETRANGE', KEYS[1], 41, -1)`

// restampScript raises a token's epoch.
const restampScript = `-- restamp
local kept = redis.call('GETRANGE', KEYS[1], 21, 40)
if kept == '' then
  return 0
end
if kept < ARGV[1] then
  redis.call('SETRANGE', KEYS[1], 21, ARGV[1])
end
return 1`

// endScript removes a token if what does not change of it is as it was read.
const endScript = `-- end
if redis.call('GETRANGE', KEYS[1], 41, -1) ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])`

// purgeScript removes a token that expired before a time.
const purgeScript = `-- purge
local kept = redis.call('GETRANGE', KEYS[1], 1, 20)
if kept == '' or kept >= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])`

// noteScript notes that a user has a token, for so many milliseconds, and
// forgets those whose time is over.
const noteScript = `-- note
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local life = tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local kept = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not kept or tonumber(kept) < now + life then
  redis.call('ZADD', KEYS[1], string.format('%.0f', now + life), ARGV[1])
end
if redis.call('PTTL', KEYS[1]) < life then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1`

// peekScript returns what another system keeps, and how many milliseconds it
// has left.
const peekScript = `-- peek
return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}`

// adoptScript keeps a token that was never adopted, and notes that it was.
const adoptScript = `-- adopt
if not redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[2]) then
  return 0
end
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 1
end
return 0`

// allowScript counts an event. What it keeps is when the limit has room for
// all events again, in microseconds.
const allowScript = `-- allow
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local step = tonumber(ARGV[1])
local full = tonumber(redis.call('GET', KEYS[1]) or now)
if full < now then
  full = now
end
full = full + step
local wait = full - now - step * tonumber(ARGV[2])
if wait > 0 then
  return wait
end
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
return 0`

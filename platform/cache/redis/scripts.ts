/** What the cache has Redis do in one step. */

/** An entry as it is kept: JSON with these fields in this order, so that a script finds the first two without reading the third. */
const HEAD = '^{"position":"([^"]*)","generation":(%d+),';

/**
 * KEYS are entries, ARGV the milliseconds they stay, then for each its position, generation and JSON. One that is older than what is there changes nothing.
 * Texts are compared by bytes: Lua's own comparison goes by the server's locale.
 */
export const PUT = `
local function before(a, b)
  local shared = math.min(#a, #b)
  for at = 1, shared do
    local x, y = a:byte(at), b:byte(at)
    if x ~= y then return x < y end
  end
  return #a < #b
end
for at, key in ipairs(KEYS) do
  local position, generation, json = ARGV[3 * at - 1], tonumber(ARGV[3 * at]), ARGV[3 * at + 1]
  local there = redis.pcall('GET', key)
  local at_position, at_generation
  if type(there) == 'string' then at_position, at_generation = there:match('${HEAD}') end
  at_generation = tonumber(at_generation)
  local older = at_generation and (generation < at_generation or (generation == at_generation and before(position, at_position)))
  if not older then redis.call('SET', key, json, 'PX', ARGV[1]) end
end`;

/**
 * KEYS are counters, ARGV the milliseconds that each stays after it was last looked at: longer than anything that was kept under its value.
 */
export const COUNT = `
local values = {}
for at, key in ipairs(KEYS) do values[at] = redis.call('GETEX', key, 'PX', ARGV[1]) end
return values`;

/**
 * KEYS are counters, ARGV as above. A counter that was thrown out for want of memory would begin again, and what was kept under its old values
 * count again: once anything was thrown out, those that are not there begin at the time instead of at 0.
 */
export const RAISE = `
local begin
for _, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 0 then
    if not begin then
      local evicted = redis.call('INFO', 'stats'):match('evicted_keys:(%d+)')
      begin = evicted == '0' and '0' or redis.call('TIME')[1] .. '000'
    end
    redis.call('SET', key, begin)
  end
  redis.call('INCR', key)
  redis.call('PEXPIRE', key, ARGV[1])
end`;

/** The cache's scripts in Lua: each is one step of Redis. */

/** An entry as it is kept: JSON with these fields in this order, so that a script finds the first two without reading the third. */
const HEAD = '^{"position":"([^"]*)","generation":(%d+),';

/**
 * Writes entries. KEYS are their keys, ARGV the milliseconds they stay, then for each its position, generation and JSON. An entry that is older
 * than the one in its place changes nothing.
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
 * Reads counters. KEYS are their keys, ARGV the milliseconds that each stays after it was last looked at: longer than any entry made under its value.
 */
export const COUNT = `
local values = {}
for at, key in ipairs(KEYS) do values[at] = redis.call('GETEX', key, 'PX', ARGV[1]) end
return values`;

/**
 * Raises counters; KEYS and ARGV as for COUNT. A counter that Redis evicted for want of memory would begin again at 0, and entries made under its
 * old values would count again: so once anything was evicted, a missing counter begins at the time instead of at 0.
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

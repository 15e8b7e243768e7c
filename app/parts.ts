/** The parts that can be processes, the ports that each needs, and the URLs that a part needs as a process of its own. */

import { isElsewhere } from '../notifier/providers.ts';
import type { Config } from './config.ts';

/**
 * A port that a part needs. Each is opened once in a process. `personKeys`: the keys with which `store` and `bus` are opened for it; a part without them
 * gets both as they are. `sealedLog`: the event store as it is.
 */
export type Need = 'store' | 'sealedLog' | 'personKeys' | 'bus' | 'readModels' | 'secrets' | 'cache' | 'mailer' | 'texter' | 'files' | 'pages';

/** The parts, with their ports, in the order of the data's path: each is started after those that it hears from. */
export const PARTS = {
  'write-side': ['store', 'personKeys', 'secrets', 'cache'],
  forwarder: ['store', 'sealedLog', 'bus'],
  projections: ['store', 'personKeys', 'bus', 'readModels', 'cache'],
  workers: ['store', 'personKeys', 'bus', 'readModels', 'secrets', 'cache'],
  notifier: ['store', 'personKeys', 'bus', 'readModels', 'secrets', 'cache', 'mailer', 'texter'],
  media: ['store', 'personKeys', 'bus', 'readModels', 'secrets', 'cache', 'files'],
  'read-side': ['store', 'personKeys', 'readModels', 'secrets', 'cache'],
  realtime: ['store', 'personKeys', 'bus', 'secrets', 'cache'],
  gateway: ['store', 'personKeys', 'bus', 'readModels', 'secrets', 'cache', 'pages'],
} as const satisfies Record<string, readonly Need[]>;

export type Part = keyof typeof PARTS;

/** The ports that a part needs. */
export type NeedOf<P extends Part> = (typeof PARTS)[P][number];

export const ALL_PARTS = Object.keys(PARTS) as Part[];

export function isPart(name: string): name is Part {
  return Object.hasOwn(PARTS, name);
}

/** The ports that these parts need together, but for those in `without`. */
export function needsOf<P extends Part>(parts: readonly P[], without: readonly Need[] = []): ReadonlySet<NeedOf<P>> {
  const needed = parts.flatMap((part): readonly NeedOf<P>[] => PARTS[part]);
  return new Set(needed.filter((need) => !without.includes(need)));
}

const VARIABLES = [
  ['store', 'EVENT_STORE_URL', 'esdb://host:2113?tls=false'],
  ['bus', 'BUS_URL', 'amqp://user:password@host:5672'],
  ['readModels', 'READ_MODELS_URL', 'mongodb://host:27017/taskledger'],
  // Whoever needs the secrets needs the keys that are in them.
  ['personKeys', 'SECRETS_URL', 'mongodb://host:27017/taskledger_secrets'],
  ['cache', 'CACHE_URL', 'redis://host:6379'],
  ['files', 'FILES_URL', 's3://bucket?endpoint=http://host:9000&pathStyle=1, or a folder of its own, like file:/srv/files'],
] as const;

/** True where a URL names no server, so that its data belongs to this process alone. */
export const isEmbedded = (url: string) => /^((sqlite|memory|outbox):|file:$)/.test(url);

/** What is wrong with these variables, as the environment has them, for a part as a process of its own: one text that names every variable, or none. */
export function problemsAlone(part: Part, given: Readonly<Record<string, unknown>>): string[] {
  const needs = needsOf([part]);
  const unused: readonly string[] = unusedBy(part);
  const isOurs = (name: string) => isEmbedded(String(given[name] ?? 'sqlite:'));
  const problems = VARIABLES.filter(([need, name]) => needs.has(need) && isOurs(name)).map(
    ([, name, example]) => `${name} must name a server, like ${example}`,
  );
  // Where the event store is a server, readConfig itself asks for them.
  if (isOurs('EVENT_STORE_URL'))
    problems.push(...OF_ALL_PARTS.flatMap((name) => (given[name] || unused.includes(name) ? [] : `${name} must be set, the same for all parts`)));
  // Whoever finds callers counts their tries, together with all others who do.
  if (needs.has('secrets') && given.LIMITS_URL !== undefined && isOurs('LIMITS_URL'))
    problems.push('LIMITS_URL must name a server, like redis://host:6379, or not be set: then CACHE_URL counts, too');
  problems.push(
    ...SENT.flatMap(([need, name]) => (needs.has(need) && isElsewhere(given[name]) ? [`${name} must say where to: this part sends`] : [])),
  );
  // The notifier has no pages: a link to its own address would lead nowhere.
  if (part === 'notifier' && given.PUBLIC_URL === undefined) problems.push('PUBLIC_URL must be set: links in mails lead there');
  // Its own address is not the one that browsers know.
  if (part === 'gateway' && given.OIDC_ISSUER !== undefined && given.PUBLIC_URL === undefined)
    problems.push('PUBLIC_URL must be set with OIDC_ISSUER: people come back there');
  return problems.length > 0 ? [`${part} as a process of its own: ${problems.join('; ')}`] : [];
}
const SENT = [
  ['mailer', 'MAIL_URL'],
  ['texter', 'SMS_URL'],
] as const;
const OF_ALL_PARTS = ['JWT_SECRET', 'ADMIN_EMAIL', 'ADMIN_PASSWORD'];

/** The settings that a part as a process of its own does not read, because they are of what others do, or because what they open is not its own. */
export function unusedBy(part: Part): (keyof Config)[] {
  return [...(part === 'workers' ? [] : (['ORDER_RULES'] as const)), ...(needsOf([part]).has('secrets') ? [] : (['JWT_SECRET'] as const))];
}

/** True where a needed port keeps its data in DATA_DIR. */
export function usesFolder(needs: ReadonlySet<Need>, config: Config): boolean {
  return KEPT.some(([need, name]) => needs.has(need) && isEmbedded(config[name]));
}
const KEPT = [
  ...VARIABLES.filter(([need]) => need === 'store' || need === 'readModels' || need === 'personKeys' || need === 'files'),
  ...SENT,
] as const;

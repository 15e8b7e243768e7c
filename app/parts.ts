/** The parts: what a process may be, what each needs, and where the URLs must lead when it is a process of its own. */
import { type Config, ConfigError } from './config.ts';

/** What a part uses; each is opened once in a process. */
export type Need = 'store' | 'bus' | 'readModels' | 'secrets' | 'cache' | 'mailer' | 'texter' | 'pages';

/** The parts in the order of the data's path: each is started after those it hears from. */
export const PARTS = {
  'write-side': ['store', 'secrets', 'cache'],
  forwarder: ['store', 'bus'],
  projections: ['store', 'bus', 'readModels', 'cache'],
  workers: ['store', 'bus', 'readModels', 'secrets', 'cache'],
  notifier: ['store', 'bus', 'readModels', 'secrets', 'cache', 'mailer', 'texter'],
  'read-side': ['store', 'readModels', 'secrets', 'cache'],
  realtime: ['store', 'bus', 'secrets', 'cache'],
  gateway: ['store', 'bus', 'readModels', 'secrets', 'cache', 'pages'],
} as const satisfies Record<string, readonly Need[]>;

export type Part = keyof typeof PARTS;

/** What a part needs. */
export type NeedOf<P extends Part> = (typeof PARTS)[P][number];

export const ALL_PARTS = Object.keys(PARTS) as Part[];

export function isPart(name: string): name is Part {
  return Object.hasOwn(PARTS, name);
}

/** What all these parts need together, but for what others do. */
export function needsOf<P extends Part>(parts: readonly P[], without: readonly Need[] = []): ReadonlySet<NeedOf<P>> {
  const needed = parts.flatMap((part): readonly NeedOf<P>[] => PARTS[part]);
  return new Set(needed.filter((need) => !without.includes(need)));
}

const VARIABLES = [
  ['store', 'EVENT_STORE_URL', 'esdb://host:2113?tls=false'],
  ['bus', 'BUS_URL', 'amqp://user:password@host:5672'],
  ['readModels', 'READ_MODELS_URL', 'mongodb://host:27017/taskledger'],
  ['secrets', 'SECRETS_URL', 'mongodb://host:27017/taskledger_secrets'],
  ['cache', 'CACHE_URL', 'redis://host:6379'],
] as const;

/** True where a URL names no server: what it holds is this process's own. */
export const isEmbedded = (url: string) => /^(sqlite|memory|outbox):/.test(url);

/** A part of its own shares everything it needs with the others. Error: ConfigError that names every variable. */
export function checkShared(part: Part, config: Config): void {
  const needs = needsOf([part]);
  const problems = VARIABLES.filter(([need, name]) => needs.has(need) && isEmbedded(config[name])).map(
    ([, name, example]) => `${name} must name a server, like ${example}`,
  );
  // It has no pages: a link to its own address would lead nowhere.
  if (part === 'notifier' && config.PUBLIC_URL === undefined) problems.push('PUBLIC_URL must be set: links in mails lead there');
  if (problems.length > 0) throw new ConfigError(`${part} as a process of its own: ${problems.join('; ')}`);
}

/** True where what is needed is kept in DATA_DIR. */
export function usesFolder(needs: ReadonlySet<Need>, config: Config): boolean {
  return KEPT.some(([need, name]) => needs.has(need) && isEmbedded(config[name]));
}
const KEPT = [
  ...VARIABLES.filter(([need]) => need === 'store' || need === 'readModels' || need === 'secrets'),
  ['mailer', 'MAIL_URL'],
  ['texter', 'SMS_URL'],
] as const;

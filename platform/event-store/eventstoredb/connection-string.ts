/** EVENT_STORE_URL as the client wants it. A URL about which the client would complain with the password in its message is refused here first. */
import { ServerRefused, withoutSecrets } from '../../connections/reach.ts';

const SCHEMES: Record<string, string> = { esdb: 'esdb', 'esdb+discover': 'esdb+discover', kurrentdb: 'esdb', 'kurrentdb+discover': 'esdb+discover' };
const OPTIONS = [
  ...['tls', 'tlsCAFile', 'userCertFile', 'userKeyFile', 'connectionName', 'defaultDeadline', 'keepAliveInterval', 'keepAliveTimeout'],
  ...['nodePreference', 'discoveryInterval', 'gossipTimeout', 'maxDiscoverAttempts', 'tlsVerifyCert', 'throwOnAppendFailure'],
];
const known = new Set(OPTIONS.map((name) => name.toLowerCase()));
const SHAPE = 'EVENT_STORE_URL looks like esdb://user:password@host:2113?tls=true; special characters in the password are percent-encoded';

/** Milliseconds of silence after which the client asks whether the connection is still there; the client's own default. */
const KEEP_ALIVE = 10_000;
let opened = 0;

/** The connection string for the client. Error: ServerRefused, without the password. */
export function connectionString(url: string): string {
  const [, scheme = '', rest = ''] = /^([a-z+]+):\/\/(.+)$/i.exec(url.trim()) ?? [];
  const ours = SCHEMES[scheme.toLowerCase()];
  if (!ours) throw new ServerRefused(`${SHAPE}.`);
  const [hosts = '', query = ''] = rest.split(/\/?\?(.*)/s);
  if (!/^([^:@/]+:[^@/]+@)?[\w.-]+(:\d+)?(,[\w.-]+(:\d+)?)*$/.test(hosts)) throw new ServerRefused(`${SHAPE}.`);
  for (const option of query.split('&').filter(Boolean)) checkOption(option, withoutSecrets(url));
  // Channels with equal options share one TCP connection, and then neither of two stores could drop it when it is silent.
  const given = /(?:^|&)keepAliveInterval=(-?\d+)/i.exec(query)?.[1];
  const unlike = given === undefined ? `keepAliveInterval=${KEEP_ALIVE + (opened++ % KEEP_ALIVE)}` : '';
  return `${ours}://${hosts}?${[query, unlike].filter(Boolean).join('&')}`;
}

function checkOption(option: string, server: string): void {
  const [name = '', value = ''] = option.split('=');
  const problem = problemOf(name.toLowerCase(), value.toLowerCase());
  if (problem) throw new ServerRefused(`EVENT_STORE_URL (${server}): ${name}${problem}.`);
}

function problemOf(name: string, value: string): string | undefined {
  if (!known.has(name)) return ` is no option of the client; there are ${OPTIONS.slice(0, -2).join(', ')}`;
  if (!value) return ' has no value';
  if (name === 'tlsverifycert') return ' is not supported by the client; name the certificate with tlsCAFile';
  if (name === 'throwonappendfailure') return ' is ours to choose; leave it out';
  if (name === 'nodepreference' && value !== 'leader') return ' must be leader: what was appended must be there for the next reader';
  return undefined;
}

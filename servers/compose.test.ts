/** docker-compose.yml is valid by the Compose Specification and keeps its own promises. `npm run compose:check` starts it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { readConfig, SECRET_SETTINGS, unconfirmedMay } from '../app/config.ts';
import { ALL_PARTS, isEmbedded, type Need, needsOf, PARTS, type Part, problemsAlone, unusedBy } from '../app/parts.ts';
import { readBucketUrl } from '../platform/files/files-url.ts';
import { interpolated, readComposeFile, type ComposeService as Service } from './compose-file.ts';
import { TOLD_SERVICES } from './first-start/hand-out.ts';
import { readVariables } from './first-start/record.ts';
import { firstStart, HANDED_OUT, RECORD } from './first-start.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const text = (name: string) => readFileSync(join(ROOT, name), 'utf8');

const source = text('docker-compose.yml');
const compose = readComposeFile();
const services = Object.entries(compose.services);
const onces = services.filter(([, { restart }]) => restart === 'no').map(([name]) => name);
const ours = ALL_PARTS.map((part) => [part, compose.services[part] as Service] as const);

const onNetwork = (network: string) =>
  services
    .filter(([, { networks = [] }]) => networks.includes(network))
    .map(([name]) => name)
    .toSorted();

const environmentOf = ({ environment = {} }: Service, env: Record<string, string> = {}) =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, interpolated(String(value), env)]));

describe('docker-compose.yml', () => {
  it('is valid by the Compose Specification', () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(ajv);
    const validate = ajv.compile(JSON.parse(text('servers/compose-spec.schema.json')));
    validate(compose);
    expect(validate.errors).toBeNull();
    expect(validate({ services: { one: { image: 'one', mem_limits: '1g' } } })).toBe(false);
  });

  it('has each part as a service of its own, all from one image', () => {
    for (const [part, service] of ours) expect([service.command, service.image], part).toEqual([[part], 'taskledger:local']);
  });

  it('lets each part wait for what it needs, and for the secrets', () => {
    const waited: Record<Need, string[]> = {
      store: ['eventstore'],
      sealedLog: ['eventstore'],
      personKeys: ['mongodb-first-start'],
      bus: ['rabbitmq'],
      readModels: ['mongodb-first-start'],
      secrets: ['mongodb-first-start', 'limits'],
      cache: ['redis'],
      mailer: ['mailpit'],
      texter: [],
      files: ['s3'],
      pages: [],
    };
    for (const [part, { depends_on = {} }] of ours) {
      const needed = new Set(['first-start', ...PARTS[part as Part].flatMap((need) => waited[need])]);
      expect(Object.keys(depends_on).toSorted(), part).toEqual([...needed].toSorted());
    }
  });

  it('waits for health, or for the end of what is done once', () => {
    for (const [name, { depends_on = {} }] of services)
      for (const [other, { condition }] of Object.entries(depends_on)) {
        expect(Object.keys(compose.services), name).toContain(other);
        expect(condition, `${name} → ${other}`).toBe(onces.includes(other) ? 'service_completed_successfully' : 'service_healthy');
      }
  });

  it('looks after the health of all that stays, and starts it again', () => {
    expect(onces).toEqual(['first-start', 'mongodb-first-start']);
    for (const [name, { healthcheck, restart }] of services.filter(([name]) => !onces.includes(name))) {
      expect(healthcheck?.test?.length, name).toBeGreaterThan(1);
      expect(restart, name).toBe('unless-stopped');
    }
    for (const [part, { healthcheck }] of ours) expect(healthcheck?.test.join(' '), part).toContain('/readyz');
  });

  it('fits into 4 GB and two CPUs', () => {
    // What is done once has ended before any part starts.
    const staying = services.filter(([name]) => !onces.includes(name));
    const ceilings = staying.map(([name, { mem_limit }]) => Number(/^(\d+)m$/.exec(mem_limit)?.[1] ?? Number.NaN) || expect.fail(name));
    expect(ceilings.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(4_096);
    for (const [name, { cpuset }] of services) expect(interpolated(cpuset), name).toBe('0,1');
  });

  it('uses what it declares, and declares what it uses', () => {
    const mounted = services.flatMap(([, { volumes = [] }]) => volumes.map((one) => one.split(':')[0] ?? ''));
    const named = mounted.filter((one) => !one.startsWith('.'));
    expect([...new Set(named)].toSorted()).toEqual(Object.keys(compose.volumes).toSorted());
    for (const file of mounted.filter((one) => one.startsWith('.'))) expect(existsSync(join(ROOT, file)), file).toBe(true);
    const networks = services.flatMap(([, { networks: own = [] }]) => own);
    expect([...new Set(networks)].toSorted()).toEqual(Object.keys(compose.networks).toSorted());
    for (const [name, { networks: own, network_mode }] of services) expect(Boolean(own) !== Boolean(network_mode), name).toBe(true);
  });

  it('opens one port to everybody, and two pages to this machine', () => {
    const published = services.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, interpolated(port)]));
    expect(published).toEqual([
      ['proxy', '8080:8080'],
      ['rabbitmq', '127.0.0.1:15672:15672'],
      ['mailpit', '127.0.0.1:8025:8025'],
    ]);
  });

  it('lets the proxy reach the parts alone, and nobody from outside the servers', () => {
    expect(compose.services.proxy?.networks).toEqual(['front', 'outside']);
    expect(onNetwork('front')).toEqual([...ALL_PARTS, 'proxy'].toSorted());
    expect(onNetwork('outside')).toEqual(['gateway', 'media', 'notifier', 'proxy']);
    expect(onNetwork('pages')).toEqual(['mailpit', 'rabbitmq']);
    expect(compose.networks).toMatchObject({ front: { internal: true }, back: { internal: true } });
    expect(compose.networks.pages).toEqual({ driver_opts: { 'com.docker.network.bridge.enable_ip_masquerade': 'false' } });
    // Nobody publishes a port from internal networks alone: docker would not say so, and nothing would come.
    for (const [name, { networks = [], ports = [] }] of services)
      if (ports.length > 0)
        expect(
          networks.some((one) => compose.networks[one]?.internal !== true),
          name,
        ).toBe(true);
  });

  it('gives each service a volume of secrets that no other one mounts, and the record to the first start alone', () => {
    const secret = (volume: string) => volume === 'secrets' || volume.startsWith('for-');
    const mounted = services.flatMap(([name, { volumes = [] }]) =>
      volumes.map((one) => one.split(':')).flatMap(([source = '', target, mode]) => (secret(source) ? [[name, source, target, mode]] : [])),
    );
    const written = mounted.filter(([name]) => name === 'first-start');
    expect(written).toEqual([
      ['first-start', 'secrets', RECORD, undefined],
      ...TOLD_SERVICES.map((name) => ['first-start', `for-${name}`, `${HANDED_OUT}/${name}`, undefined]),
    ]);
    const read = mounted.filter(([name]) => name !== 'first-start');
    expect(read.toSorted()).toEqual(TOLD_SERVICES.map((name) => [name, `for-${name}`, RECORD, 'ro']).toSorted());
    expect(compose.services['first-start']?.network_mode).toBe('none');
  });

  it('gives nobody a capability, and runs what it can on files that nobody changes, as nobody special', () => {
    for (const [name, service] of services) {
      expect(service, name).toMatchObject({ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'], pids_limit: 512 });
      expect(service, name).not.toHaveProperty('cap_add');
      expect(service, name).not.toHaveProperty('privileged');
    }
    const writable = services.filter(([, { read_only }]) => !read_only).map(([name]) => name);
    expect(writable).toEqual(['eventstore']);
    // Ours are their image's user, and so is the event store; the rest, S3 server and Mailpit, are root without capabilities.
    const numbers = services.flatMap(([name, { user }]) => (user ? [[name, user]] : []));
    expect(numbers).toEqual([
      ['proxy', '101:101'],
      ['rabbitmq', '100:101'],
      ['mongodb', '999:999'],
      ['redis', '999:1000'],
      ['limits', '999:1000'],
    ]);
    const dockerfile = text('Dockerfile').split('\n');
    expect(dockerfile.filter((line) => line.startsWith('USER '))).toEqual(['USER node']);
    expect(dockerfile.findIndex((line) => line.startsWith('USER'))).toBeLessThan(dockerfile.findIndex((line) => line.startsWith('ENTRYPOINT')));
  });

  it('runs our parts from an image without volumes of its own: docker would make one without a name for each of them', () => {
    const stages = text('Dockerfile').split(/^(?=FROM )/m);
    const target = compose.services['first-start']?.build?.target;
    const before = stages.slice(0, stages.findIndex((one) => one.split('\n')[0]?.endsWith(` AS ${target}`)) + 1);
    expect(before.filter((one) => one.startsWith('FROM '))).toHaveLength(1);
    expect(before.join('')).not.toMatch(/^VOLUME/m);
    expect(stages.at(-1)).toMatch(/^FROM parts\n(?:.*\n)*ENV DATA_DIR=(.+)\nVOLUME \1$/m);
  });

  it('names a version of every image', () => {
    for (const [name, { image }] of services) expect(image, name).toMatch(/^[\w./-]+:(?!latest)[\w.-]+$/);
  });

  it('holds no password', () => {
    expect(source).not.toMatch(/:\/\/[^\s/@'"]+:[^\s/@'"]+@/);
    for (const [name, service] of services)
      for (const [variable, value] of Object.entries(environmentOf(service)))
        if (/PASS|SECRET|TOKEN|_KEY/.test(variable)) expect(value, `${name}: ${variable}`).toBe('');
    for (const { command = [], entrypoint = [] } of Object.values(compose.services))
      expect([...entrypoint, ...command].join(' ')).not.toMatch(/(requirepass|password)[ =](?!\$)/i);
  });

  it('gives what an operator sets that may hold a password to the parts alone that use it', () => {
    const set = Object.fromEntries(SECRET_SETTINGS.filter((name) => !name.endsWith('_LIMIT')).map((name) => [name, `the ${name} of an operator`]));
    const knowing = (name: string) => services.filter(([, service]) => Object.values(environmentOf(service, set)).includes(set[name] ?? ''));
    const known = Object.fromEntries(Object.keys(set).map((name) => [name, knowing(name).map(([service]) => service)]));
    const needing = (need: Need) => ALL_PARTS.filter((part) => (needsOf([part]) as ReadonlySet<Need>).has(need));
    // The address of the pages has no password, and one in that of the files is refused.
    expect(() => readConfig({ FILES_URL: 's3://user:password@files' })).toThrow('must hold no password');
    expect(Object.fromEntries(Object.entries(known).filter(([name, by]) => by.length > 0 && !['PUBLIC_URL', 'FILES_URL'].includes(name)))).toEqual({
      MAIL_URL: needing('mailer'),
      SMS_URL: needing('texter'),
      OIDC_CLIENT_SECRET: ['gateway'],
    });
  });

  it('tells the other parts that mails are sent, and whether SMS are', () => {
    const of = (part: Part, env = {}) =>
      readConfig({ ...environmentOf(compose.services[part] as Service, env), JWT_SECRET: 'x'.repeat(32), ADMIN_EMAIL: 'a@example.org' });
    const SMS_URL = 'https://account:token@sms.example.org/Messages.json';
    expect(of('gateway')).toMatchObject({ MAIL_URL: 'elsewhere:', SMS_URL: 'none:' });
    expect(of('gateway', { SMS_URL })).toMatchObject({ MAIL_URL: 'elsewhere:', SMS_URL: 'elsewhere:' });
    expect(unconfirmedMay(of('gateway'))).toBe('none');
    expect(of('notifier', { SMS_URL })).toMatchObject({ MAIL_URL: 'smtp://mailpit:1025', SMS_URL });
  });

  it('has no other part told of SMS that the notifier does not send', () => {
    const of = (part: Part, env = {}) =>
      readConfig({ ...environmentOf(compose.services[part] as Service, env), JWT_SECRET: 'x'.repeat(32), ADMIN_EMAIL: 'a@example.org' });
    const others = ALL_PARTS.filter((part) => part !== 'notifier');
    const SMS_URL = 'https://account:token@sms.example.org/Messages.json';
    // Nothing set; switched off; switched off beside what may stand there.
    for (const env of [{}, { SMS: 'off' }, { SMS: 'off', SMS_URL }, { SMS: 'off', SMS_URL: 'none:' }])
      expect(new Set(ALL_PARTS.map((part) => of(part, env).SMS_URL)), JSON.stringify(env)).toEqual(new Set(['none:']));
    // The parts that do not see the URL take it for a provider's; the one that does stops, and says what to do.
    for (const env of [{ SMS_URL: 'none:' }, { SMS: 'on', SMS_URL: 'none:' }]) expect(() => of('notifier', env)).toThrow('set SMS=off');
    // A provider that only a file names.
    expect(new Set(others.map((part) => of(part, { SMS: 'on' }).SMS_URL))).toEqual(new Set(['elsewhere:']));
    expect(problemsAlone('notifier', of('notifier', { SMS: 'on' })).join()).toContain('SMS_URL must say where to');
  });

  it('counts limits on a server that forgets none, apart from the cache', () => {
    const [cache, limits] = ['redis', 'limits'].map((name) => compose.services[name]?.command?.join(' '));
    expect(cache).toMatch(/--maxmemory \d+mb --maxmemory-policy allkeys-lru$/);
    expect(limits).toMatch(/--maxmemory \d+mb --maxmemory-policy noeviction$/);
  });

  it('gives the secret of sign-ins to the gateway', () => {
    expect(environmentOf(compose.services.gateway as Service, { OIDC_CLIENT_SECRET: 'a secret' })).toMatchObject({ OIDC_CLIENT_SECRET: 'a secret' });
    expect(Object.keys(environmentOf(compose.services.gateway as Service))).toContain('OIDC_ISSUER');
  });

  it('sets only variables that config.ts knows', () => {
    const known = new Set([...text('.env.example').matchAll(/^#([A-Z0-9_]+)=/gm)].map(([, name]) => name));
    const set = ours.flatMap(([, { environment = {} }]) => Object.keys(environment));
    const given = [...source.matchAll(/\$\{(\w+)/g)].map(([, name]) => name);
    for (const name of [...set, ...given]) expect([...known, 'NODE_OPTIONS', 'CPUS'], name).toContain(name);
  });

  it('gives each part, with what the first start makes, all that it must have: servers that are here, and no folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'compose-'));
    try {
      await firstStart([], { record: join(folder, 'record'), handedOut: folder });
      for (const [part, service] of ours) {
        const made = await readVariables(join(folder, part), 'parts.env');
        const config = readConfig({ ...made, ...environmentOf(service) }, unusedBy(part as Part));
        expect(problemsAlone(part, config), part).toEqual([]);
        expect(config).toMatchObject({ HOST: '0.0.0.0', PORT: 3000, TRUST_PROXY: true, PUBLIC_URL: 'http://localhost:8080' });
        for (const url of [
          config.EVENT_STORE_URL,
          config.BUS_URL,
          config.READ_MODELS_URL,
          config.SECRETS_URL,
          config.CACHE_URL,
          config.LIMITS_URL ?? 'memory:',
          config.MAIL_URL,
          readBucketUrl(config.FILES_URL).endpoint ?? '',
        ].filter((one) => !isEmbedded(one) && one !== 'elsewhere:'))
          expect(Object.keys(compose.services), url).toContain(new URL(url).hostname);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('passes on what an operator sets', () => {
    const env = { PORT: '80', TASK_VISIBILITY: 'own', MAIL_URL: 'smtp://mail.example.org', ALLOWED_ORIGINS: 'https://one.example.org' };
    const config = readConfig({
      ...environmentOf(compose.services.notifier as Service, env),
      JWT_SECRET: 'x'.repeat(32),
      ADMIN_EMAIL: 'a@example.org',
      ADMIN_PASSWORD: 'long enough for it',
    });
    expect(config).toMatchObject({ PORT: 3000, PUBLIC_URL: 'http://localhost:80', TASK_VISIBILITY: 'own', MAIL_URL: 'smtp://mail.example.org' });
    expect(config.ALLOWED_ORIGINS).toEqual(['https://one.example.org']);
  });

  it('starts each service with what the first start gives it, and asks for no other file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'compose-'));
    try {
      await firstStart([], { record: join(folder, 'record'), handedOut: folder });
      for (const [name, service] of services) {
        const settings = name === 'rabbitmq' ? text('servers/rabbitmq.conf') : '';
        const own = ours.some(([part]) => part === name) ? text('Dockerfile') : '';
        const said = JSON.stringify({ ...service, volumes: [] }) + settings + own;
        const files = [...said.matchAll(/\/run\/taskledger\/([\w.-]+\w)/g)].map(([, file]) => file);
        const there = TOLD_SERVICES.includes(name) ? readdirSync(join(folder, name)) : [];
        expect([...new Set(files)].toSorted(), name).toEqual(there.toSorted());
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('has scripts that a shell understands, and programs that are there', () => {
    const scripts = services
      .filter(([, { entrypoint = [] }]) => entrypoint.at(-1) === '-c')
      .map(([name, { command = [] }]) => [name, command] as const);
    expect(scripts.map(([name]) => name)).toEqual(['mongodb', 's3']);
    for (const [name, command] of scripts) {
      expect(command, name).toHaveLength(1);
      const checked = spawnSync('/bin/sh', ['-n'], { input: interpolated(command[0] ?? ''), encoding: 'utf8' });
      expect([checked.status, checked.stderr], name).toEqual([0, '']);
      expect(command[0], name).toContain('exec ');
    }
    const programs = onces.flatMap((name) => compose.services[name]?.entrypoint?.filter((one) => one.endsWith('.ts')) ?? []);
    expect(programs).toEqual(['servers/first-start.ts', 'servers/mongodb-first-start.ts']);
    for (const program of programs) expect(existsSync(join(ROOT, program)), program).toBe(true);
  });

  it('gives the proxy as many connections as its tests have, and more than twice what one address may have', () => {
    const connections = (file: string) => Number(/worker_connections (\d+);/.exec(text(file))?.[1]);
    expect(connections('servers/nginx.conf')).toBe(connections('servers/proxy.ts'));
    expect(connections('servers/nginx.conf')).toBeGreaterThan(
      4 * Number(/limit_conn addresses (\d+);/.exec(text('servers/proxy.conf.template'))?.[1]),
    );
    expect(compose.services.proxy?.volumes).toContain('./servers/nginx.conf:/etc/nginx/nginx.conf:ro');
  });

  it('fills in what the proxy’s template asks for, with the parts’ own names', () => {
    const asked = new Set([...text('servers/proxy.conf.template').matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name));
    const { NGINX_ENVSUBST_FILTER: filter = '', LISTEN, ...upstreams } = environmentOf(compose.services.proxy as Service);
    expect([...Object.keys(upstreams), 'LISTEN'].toSorted()).toEqual([...asked].toSorted());
    expect([...asked].every((name) => new RegExp(filter).test(name)) && !new RegExp(filter).test('PATH')).toBe(true);
    expect(compose.services.proxy?.ports?.[0]?.endsWith(`:${LISTEN}`)).toBe(true);
    for (const [name, lines] of Object.entries(upstreams)) {
      const part = name.toLowerCase().replace('_', '-');
      expect(lines).toBe(`zone ${name.toLowerCase()} 64k; resolver 127.0.0.11 valid=5s ipv6=off; server ${part}:3000 resolve;`);
      expect(compose.services[part]?.networks, part).toContain('front');
    }
  });
});

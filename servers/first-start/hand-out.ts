/** What each service is told of the record: its own password, and nothing else. docker-compose.yml has a volume for each, which no other service mounts. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ALL_PARTS, type Need, needsOf, type Part } from '../../app/parts.ts';
import { putFile, readVariables, variables } from './record.ts';

type Told = Readonly<Record<'rabbitMq' | 'mongoDb' | 'redis' | 'limits' | 's3' | 'users' | 'parts', Record<string, string>>> & { key: string };

async function readRecord(folder: string): Promise<Told> {
  const read = (name: string) => readVariables(folder, `${name}.env`);
  return {
    rabbitMq: await read('rabbitmq'),
    mongoDb: await read('mongodb'),
    redis: await read('redis'),
    limits: await read('limits'),
    s3: await read('s3'),
    users: await read('users'),
    parts: await read('parts'),
    key: await readFile(join(folder, 'mongodb.key'), 'utf8'),
  };
}

/** The users of MongoDB that parts are: each may read and write one database. */
const DATABASES = { read_models: 'taskledger', secrets: 'taskledger_secrets' } as const;

/** The variables of a part, by what it needs. The host names are docker-compose.yml's services. */
function variablesOf(part: Part, { rabbitMq, redis, limits, s3, users, parts }: Told): Record<string, string> {
  const mongoUrl = (user: keyof typeof DATABASES, password = '') =>
    `mongodb://taskledger_${user}:${password}@mongodb:27017/${DATABASES[user]}?authSource=admin&replicaSet=rs0`;
  const of: Partial<Record<Need, Record<string, string>>> = {
    bus: { BUS_URL: `amqp://taskledger:${rabbitMq.RABBITMQ_DEFAULT_PASS}@rabbitmq:5672` },
    readModels: { READ_MODELS_URL: mongoUrl('read_models', users.MONGODB_READ_MODELS_PASSWORD) },
    personKeys: { SECRETS_URL: mongoUrl('secrets', users.MONGODB_SECRETS_PASSWORD) },
    // Whoever finds callers counts their tries.
    secrets: { JWT_SECRET: parts.JWT_SECRET ?? '', LIMITS_URL: `redis://taskledger:${limits.LIMITS_PASSWORD}@limits:6379` },
    cache: { CACHE_URL: `redis://taskledger:${redis.REDISCLI_AUTH}@redis:6379` },
    files: { S3_ACCESS_KEY: s3.ROOT_ACCESS_KEY ?? '', S3_SECRET_KEY: s3.ROOT_SECRET_KEY ?? '' },
  };
  return Object.assign({ ADMIN_EMAIL: parts.ADMIN_EMAIL ?? '' }, ...[...needsOf([part])].map((need) => of[need]));
}

/** RabbitMQ's users as it imports them at each start: ours, who is no administrator, and the one that people log in to its page as. */
function definitions({ rabbitMq, users }: Told): string {
  const everybody = [
    { name: 'taskledger', password: rabbitMq.RABBITMQ_DEFAULT_PASS ?? '', tags: [] },
    { name: 'operator', password: users.RABBITMQ_OPERATOR_PASSWORD ?? '', tags: ['administrator'] },
  ];
  const all = { vhost: '/', configure: '.*', write: '.*', read: '.*' };
  return JSON.stringify({
    users: everybody.map(({ name, password, tags }) => {
      return { name, tags, hashing_algorithm: 'rabbit_password_hashing_sha256', password_hash: rabbitHash(password) };
    }),
    vhosts: [{ name: '/' }],
    permissions: everybody.map(({ name }) => ({ user: name, ...all })),
  });
}

/** A password's hash as RabbitMQ keeps it. Of 192 random bits nobody has a table; so the salt may be the same again, and the file with it. */
function rabbitHash(password: string): string {
  const salt = createHash('sha256').update(`salt of ${password}`).digest().subarray(0, 4);
  const hash = createHash('sha256').update(salt).update(password).digest();
  return Buffer.concat([salt, hash]).toString('base64');
}

/** The users of a Redis: ours, who may neither look into it nor set it up, and one without a password, who may ask for its health. */
function redisUsers(password = ''): string {
  const hash = createHash('sha256').update(password).digest('hex');
  return `user default on nopass resetkeys resetchannels -@all +ping\nuser taskledger on #${hash} ~* &* +@all -@admin -@dangerous +info -scan -randomkey -dbsize -function -script|flush\n`;
}

/** The files of a service, by their names. */
type Files = (record: Told) => Record<string, string>;

/** The servers, and what starts them: other users than ours, so that they read what everybody in their container may read. */
const OF_SERVERS: Readonly<Record<string, Files>> = {
  rabbitmq: (record) => ({ 'definitions.json': definitions(record) }),
  mongodb: ({ mongoDb, key }) => ({ 'mongodb.env': variables(mongoDb), 'mongodb.key': key }),
  redis: ({ redis }) => ({ 'users.acl': redisUsers(redis.REDISCLI_AUTH) }),
  limits: ({ limits }) => ({ 'users.acl': redisUsers(limits.LIMITS_PASSWORD) }),
  s3: ({ s3 }) => ({ 's3.env': variables(s3) }),
};
const OF_OURS: Readonly<Record<string, Files>> = {
  'mongodb-first-start': ({ mongoDb, users: { MONGODB_READ_MODELS_PASSWORD = '', MONGODB_SECRETS_PASSWORD = '' } }) => ({
    'mongodb.env': variables({ ...mongoDb, MONGODB_READ_MODELS_PASSWORD, MONGODB_SECRETS_PASSWORD }),
  }),
  ...Object.fromEntries(ALL_PARTS.map((part): [string, Files] => [part, (record) => ({ 'parts.env': variables(variablesOf(part, record)) })])),
};

/** The services that are told something. */
export const TOLD_SERVICES = [...Object.keys(OF_SERVERS), ...Object.keys(OF_OURS)];

/** Gives each service its files: `folder` has a folder for each. What stands there and is no longer theirs goes. */
export async function handOut(recordFolder: string, folder: string): Promise<void> {
  const record = await readRecord(recordFolder);
  for (const [name, files] of Object.entries(OF_OURS)) await give(join(folder, name), files(record), { folder: 0o700, file: 0o400 });
  for (const [name, files] of Object.entries(OF_SERVERS)) await give(join(folder, name), files(record), { folder: 0o755, file: 0o444 });
}

async function give(folder: string, files: Record<string, string>, modes: { folder: number; file: number }): Promise<void> {
  await mkdir(folder, { recursive: true });
  await chmod(folder, modes.folder);
  for (const [name, text] of Object.entries(files)) await putFile(folder, name, text, modes.file);
  for (const name of await readdir(folder)) if (!Object.hasOwn(files, name)) await rm(join(folder, name), { recursive: true });
}

/**
 * The one-shot service of docker-compose.yml: `node servers/first-start.ts [folder]` makes the secrets of an installation, once. The first admin's password
 * is not among them, unless the operator chose one: the gateway makes it, and prints it. The user that runs it owns the files; the servers' entrypoints read theirs as root, our parts run as the same user.
 */
import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readConfig } from '../app/config.ts';

/** The folder where docker-compose.yml mounts the volume. */
export const FOLDER = '/run/taskledger';

/** Makes a secret that can stand in a URL and in a shell's word as it is. */
const secret = (bytes = 24) => randomBytes(bytes).toString('base64url');

/**
 * The files by name, with their texts: variables of one server each, and of all our parts. The host names are docker-compose.yml's services.
 * `environment` may name ADMIN_EMAIL and, where an operator wants their own, ADMIN_PASSWORD.
 */
function filesOf({ ADMIN_EMAIL, ADMIN_PASSWORD }: Record<string, string | undefined>): Record<string, string> {
  const [rabbitMq, mongoDb, redis] = [secret(), secret(), secret()];
  const [s3Key, s3Secret] = [secret(12), secret(30)];
  // Read as the parts will read them: with a wrong value each part would end, over and over.
  readConfig({ ADMIN_EMAIL, ADMIN_PASSWORD });
  const mongoUrl = (database: string) => `mongodb://taskledger:${mongoDb}@mongodb:27017/${database}?authSource=admin&replicaSet=rs0`;
  return {
    'rabbitmq.env': variables({ RABBITMQ_DEFAULT_USER: 'taskledger', RABBITMQ_DEFAULT_PASS: rabbitMq }),
    'mongodb.env': variables({ MONGO_INITDB_ROOT_USERNAME: 'taskledger', MONGO_INITDB_ROOT_PASSWORD: mongoDb }),
    // MongoDB wants a key, in base64, where a replica set has passwords.
    'mongodb.key': `${randomBytes(567).toString('base64')}\n`,
    'redis.env': variables({ REDISCLI_AUTH: redis }),
    's3.env': variables({ ROOT_ACCESS_KEY: s3Key, ROOT_SECRET_KEY: s3Secret }),
    'parts.env': variables({
      JWT_SECRET: secret(48),
      ADMIN_EMAIL: ADMIN_EMAIL || 'admin@localhost.localdomain',
      ...(ADMIN_PASSWORD ? { ADMIN_PASSWORD } : {}),
      BUS_URL: `amqp://taskledger:${rabbitMq}@rabbitmq:5672`,
      READ_MODELS_URL: mongoUrl('taskledger'),
      SECRETS_URL: mongoUrl('taskledger_secrets'),
      CACHE_URL: `redis://:${redis}@redis:6379`,
      S3_ACCESS_KEY: s3Key,
      S3_SECRET_KEY: s3Secret,
    }),
  };
}

/** The text of an env file, quoted so that a shell's `.` and Node's `--env-file` read the same. */
function variables(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => {
      if (/['\n]/.test(value)) throw new Error(`${name} must have neither a quote (') nor a line break`);
      return `${name}='${value}'\n`;
    })
    .join('');
}

/**
 * Makes the files, readable for their owner only; false where all files are there already.
 * After a start that was killed in between, all files are made anew: each is whole or not there, and `parts.env`, the last, tells that all are.
 * Error: `parts.env` is there and another file is not: the missing password is known to the server only, and must be put back from a backup.
 */
export async function firstStart(folder: string, environment: Record<string, string | undefined> = {}): Promise<boolean> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = filesOf(environment);
  const names = Object.keys(files);
  const there = new Set(await readdir(folder));
  if (there.has('parts.env')) {
    const gone = names.filter((name) => !there.has(name));
    if (gone.length > 0) throw new Error(`${folder} has parts.env but not ${gone.join(', ')}: put back what belongs to it from a backup`);
    await withKeysOfFiles(folder);
    return false;
  }
  // No server has read the files of an unfinished start: they wait for its end.
  for (const name of names) await rm(join(folder, name), { force: true });
  for (const [name, text] of Object.entries(files)) await writeWhole(folder, name, text);
  return true;
}

/** Gives the parts the keys of the S3 server, where an earlier release, whose parts asked for none, made the files. */
async function withKeysOfFiles(folder: string): Promise<void> {
  const parts = await readVariables(folder, 'parts.env');
  if (parts.S3_ACCESS_KEY !== undefined) return;
  const { ROOT_ACCESS_KEY = '', ROOT_SECRET_KEY = '' } = await readVariables(folder, 's3.env');
  const fresh = join(folder, `.parts.env-${secret(6)}`);
  const text = await readFile(join(folder, 'parts.env'), 'utf8');
  await writeFile(fresh, text + variables({ S3_ACCESS_KEY: ROOT_ACCESS_KEY, S3_SECRET_KEY: ROOT_SECRET_KEY }), { mode: 0o400, flush: true });
  await rename(fresh, join(folder, 'parts.env'));
}

/** Writes a file under another name, syncs it, then gives it its name. Error: the name was taken meanwhile by another first start. */
async function writeWhole(folder: string, name: string, text: string): Promise<void> {
  const fresh = join(folder, `.${name}-${secret(6)}`);
  const file = await open(fresh, 'wx', 0o400);
  try {
    await file.writeFile(text);
    // The mode of `open` is subject to the umask, this one is not.
    await chmod(fresh, 0o400);
    await file.sync();
    await link(fresh, join(folder, name));
  } finally {
    await file.close();
    await rm(fresh, { force: true });
  }
}

/** The variables of an env file, as the parts read them. */
export async function readVariables(folder: string, name: string): Promise<Record<string, string>> {
  const text = await readFile(join(folder, name), 'utf8');
  return Object.fromEntries([...text.matchAll(/^(\w+)='(.*)'$/gm)].map(([, key = '', value = '']) => [key, value]));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    if (await firstStart(process.argv[2] ?? FOLDER, process.env))
      process.stdout.write('The secrets are made. The gateway prints the password of the first admin, once.\n');
  } catch (error) {
    process.stderr.write(`taskledger: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}

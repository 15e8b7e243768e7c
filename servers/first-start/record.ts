/**
 * The record of an installation's secrets: the volume that no service but the first start mounts. Everybody's own file is made of it, again at every start.
 */
import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfig } from '../../app/config.ts';

/** Makes a secret that can stand in a URL and in a shell's word as it is. */
const secret = (bytes = 24) => randomBytes(bytes).toString('base64url');

type Environment = Record<string, string | undefined>;

/** The makers of the record's files, by their names. What they make anew, their server takes over when it is started again (`rotate`). */
const ROTATED: Readonly<Record<string, () => string>> = {
  'rabbitmq.env': () => variables({ RABBITMQ_DEFAULT_USER: 'taskledger', RABBITMQ_DEFAULT_PASS: secret() }),
  'redis.env': () => variables({ REDISCLI_AUTH: secret() }),
  'limits.env': () => variables({ LIMITS_PASSWORD: secret() }),
  's3.env': () => variables({ ROOT_ACCESS_KEY: secret(12), ROOT_SECRET_KEY: secret(30) }),
  // The users of MongoDB that the parts are, and RabbitMQ's that looks after it.
  'users.env': () => variables({ MONGODB_READ_MODELS_PASSWORD: secret(), MONGODB_SECRETS_PASSWORD: secret(), RABBITMQ_OPERATOR_PASSWORD: secret() }),
};

/** The names that `rotate` takes. */
export const ROTATABLE = Object.keys(ROTATED).map((name) => name.replace('.env', ''));

/** The files whose secrets a server, or what it keeps, knows for good. */
const LASTING: Readonly<Record<string, (environment: Environment) => string>> = {
  'mongodb.env': () => variables({ MONGO_INITDB_ROOT_USERNAME: 'taskledger', MONGO_INITDB_ROOT_PASSWORD: secret() }),
  // MongoDB wants a key, in base64, where a replica set has passwords.
  'mongodb.key': () => `${randomBytes(567).toString('base64')}\n`,
  // The last one: it tells that all are there.
  'parts.env': ({ ADMIN_EMAIL }) => variables({ JWT_SECRET: secret(48), ADMIN_EMAIL: ADMIN_EMAIL || 'admin@localhost.localdomain' }),
};

/** The text of an env file, quoted so that a shell's `.` and Node's `--env-file` read the same. */
export function variables(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => {
      if (/['\n]/.test(value)) throw new Error(`${name} must have neither a quote (') nor a line break`);
      return `${name}='${value}'\n`;
    })
    .join('');
}

/** The variables of an env file. */
export async function readVariables(folder: string, name: string): Promise<Record<string, string>> {
  const text = await readFile(join(folder, name), 'utf8');
  return Object.fromEntries([...text.matchAll(/^(\w+)='(.*)'$/gm)].map(([, key = '', value = '']) => [key, value]));
}

/**
 * Makes the record's files, readable for their owner only; false where all are there already. `environment` may name ADMIN_EMAIL.
 * After a start that was killed in between, all files are made anew: each is whole or not there, and `parts.env`, the last, tells that all are.
 * Error: `parts.env` is there and another file is not: what it held is known to a server only, and must be put back from a backup.
 */
export async function makeRecord(folder: string, environment: Environment = {}): Promise<boolean> {
  // Read as the parts will read it: with a wrong value each part would end, over and over.
  readConfig({ ADMIN_EMAIL: environment.ADMIN_EMAIL });
  const made = Object.entries({ ...ROTATED, ...LASTING }).map(([name, make]) => [name, make(environment)] as const);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const there = new Set(await readdir(folder));
  if (there.has('parts.env')) {
    await bringUpToDate(folder, there);
    return false;
  }
  // No server has read the files of an unfinished start: they wait for its end.
  for (const [name] of made) await rm(join(folder, name), { force: true });
  for (const [name, text] of made) await writeWhole(folder, name, text);
  return true;
}

/** The names of what the records of earlier releases did not have. */
const ADDED = ['users', 'limits'];

/** Mends the record of an earlier release: what was added since is made, and no password of the first admin stays, which one kept where an operator gave one. */
async function bringUpToDate(folder: string, there: ReadonlySet<string>): Promise<void> {
  const added = ADDED.filter((name) => !there.has(`${name}.env`));
  const gone = Object.keys({ ...ROTATED, ...LASTING }).filter((name) => !there.has(name) && !added.includes(name.replace('.env', '')));
  if (gone.length > 0) throw new Error(`${folder} has parts.env but not ${gone.join(', ')}: put back what belongs to it from a backup`);
  for (const name of added) await rotate(folder, name);
  const parts = await readFile(join(folder, 'parts.env'), 'utf8');
  const without = parts.replaceAll(/^ADMIN_PASSWORD=.*\n/gm, '');
  if (without !== parts) await putFile(folder, 'parts.env', without, 0o400);
}

/** Makes the secrets of a file anew. What they open is open to the old ones until the servers and the parts are started again. Error: nobody of this name. */
export async function rotate(folder: string, name: string): Promise<void> {
  const make = ROTATABLE.includes(name) ? ROTATED[`${name}.env`] : undefined;
  if (!make) throw new Error(`rotate takes one of ${ROTATABLE.join(', ')}`);
  await putFile(folder, `${name}.env`, make(), 0o400);
}

/** Writes a file in the place of the one that is there, if any: whole, or not at all. */
export async function putFile(folder: string, name: string, text: string, mode: number): Promise<void> {
  const fresh = join(folder, `.${name}-${secret(6)}`);
  await writeFile(fresh, text, { mode, flush: true });
  // The mode of writing is subject to the umask, this one is not.
  await chmod(fresh, mode);
  await rename(fresh, join(folder, name));
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

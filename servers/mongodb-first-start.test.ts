import { MongoServerError } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { type AskMongo, ensureUsers, initiate, usersIn } from './mongodb-first-start.ts';

/** A stand-in for MongoDB's `hello` and `replSetInitiate`, by its manual: there is no MongoDB for tests here, and FerretDB has no replica sets. */
function server(more: { initiated?: boolean; race?: boolean } = {}): { ask: AskMongo; asked: string[]; elect(): void; config(): unknown } {
  const asked: string[] = [];
  let [config, primary]: [unknown, boolean] = [more.initiated ? {} : undefined, false];
  return {
    asked,
    config: () => config,
    elect: () => {
      primary = true;
    },
    async ask(command) {
      asked.push(Object.keys(command)[0] ?? '');
      if ('hello' in command) return config ? { isWritablePrimary: primary, setName: 'rs0' } : { isWritablePrimary: false, info: 'not configured' };
      if (config || more.race) throw new MongoServerError({ code: 23, message: 'already initialized' });
      config = command.replSetInitiate;
      return { ok: 1 };
    },
  };
}

describe('the first start of MongoDB', () => {
  it('makes a replica set of one, under the name that clients know, and is done when it takes writes', async () => {
    const { ask, asked, elect, config } = server();
    await expect(initiate(ask, 'mongodb:27017')).rejects.toThrow('not take writes yet');
    await expect(initiate(ask, 'mongodb:27017')).rejects.toThrow('not take writes yet');
    elect();
    await initiate(ask, 'mongodb:27017');
    expect(asked.filter((one) => one === 'replSetInitiate')).toHaveLength(1);
    expect(config()).toEqual({ _id: 'rs0', members: [{ _id: 0, host: 'mongodb:27017' }] });
  });

  it('changes nothing where it is one', async () => {
    const { ask, asked, elect } = server({ initiated: true });
    elect();
    await initiate(ask, 'mongodb:27017');
    expect(asked).toEqual(['hello']);
  });

  it('lets another one be faster', async () => {
    await expect(initiate(server({ race: true }).ask, 'mongodb:27017')).rejects.toThrow('not take writes yet');
  });

  it('makes a user for each database, and sets the password and rights of one that is there', async () => {
    const asked: object[] = [];
    const there = new Set(['taskledger_secrets']);
    const ask: AskMongo = async (command) => {
      asked.push(command);
      if (there.has(String(command.createUser))) throw new MongoServerError({ code: 51003, message: 'already exists' });
      return { ok: 1 };
    };
    const { root, users } = usersIn({
      MONGO_INITDB_ROOT_USERNAME: 'taskledger',
      MONGO_INITDB_ROOT_PASSWORD: 'r',
      MONGODB_READ_MODELS_PASSWORD: 'm',
      MONGODB_SECRETS_PASSWORD: 's',
    }) ?? { root: null, users: [] };
    await ensureUsers(ask, users);
    expect(root).toEqual({ username: 'taskledger', password: 'r' });
    expect(asked).toEqual([
      { createUser: 'taskledger_read_models', pwd: 'm', roles: [{ role: 'readWrite', db: 'taskledger' }] },
      { createUser: 'taskledger_secrets', pwd: 's', roles: [{ role: 'readWrite', db: 'taskledger_secrets' }] },
      { updateUser: 'taskledger_secrets', pwd: 's', roles: [{ role: 'readWrite', db: 'taskledger_secrets' }] },
    ]);
    const refuses: AskMongo = () => Promise.reject(new MongoServerError({ code: 13, message: 'not authorized' }));
    await expect(ensureUsers(refuses, users)).rejects.toThrow('not authorized');
    expect(usersIn({})).toBeNull();
  });
});

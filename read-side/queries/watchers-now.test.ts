import { describe, expect, it, vi } from 'vitest';
import { NoSuchGeneration, type ReadModels, ReadModelsUnavailable } from '../../platform/read-models/read-models.ts';
import { deletedUsers } from './watchers-now.ts';

type Asked = Pick<ReadModels, 'state' | 'get'>;

/** A directory in which some users are deleted, which counts what it is asked. */
function directory(deleted: string[], refusal?: Error) {
  const state = vi.fn<Asked['state']>(async () => ({ generation: 1 }) as Awaited<ReturnType<Asked['state']>>);
  const get = vi.fn<Asked['get']>(async (_model, _generation, ids) => {
    if (refusal) throw refusal;
    return ids.map((id) => ({ id, position: '1', document: deleted.includes(id) ? null : {} }));
  });
  return { deleted, state, get };
}

describe('who of some users is not deleted', () => {
  it('is asked of the directory once, and again of who was there a minute before', async () => {
    let now = 0;
    const users = deletedUsers(() => now);
    const asked = directory(['bob']);
    expect(await users.without(['alice', 'bob'], asked)).toEqual(['alice']);
    now = 59_999;
    asked.deleted.push('alice');
    expect(await users.without(['bob', 'alice', 'carol'], asked)).toEqual(['alice', 'carol']);
    now = 60_000;
    expect(await users.without(['alice', 'bob', 'carol'], asked)).toEqual(['carol']);
    expect(asked.get.mock.calls.map(([, , ids]) => ids)).toEqual([['alice', 'bob'], ['carol'], ['alice']]);
  });

  it('asks nothing where there is nobody to ask about', async () => {
    const asked = directory([]);
    expect(await deletedUsers().without([], asked)).toEqual([]);
    expect(asked.state).not.toHaveBeenCalled();
  });

  it.each([
    ['is away', new ReadModelsUnavailable('away')],
    ['is made anew', new NoSuchGeneration('user_directory', 1)],
  ])('is everybody while the directory %s, and is asked again then', async (_, refusal) => {
    const users = deletedUsers();
    expect(await users.without(['alice', 'bob'], directory(['bob'], refusal))).toEqual(['alice', 'bob']);
    expect(await users.without(['alice', 'bob'], directory(['bob']))).toEqual(['alice']);
  });

  it('is everybody before there is a directory, and any other error is nobody’s to hide', async () => {
    const users = deletedUsers();
    expect(await users.without(['bob'], { ...directory(['bob']), state: async () => null })).toEqual(['bob']);
    await expect(users.without(['bob'], directory([], new TypeError('a fault of ours')))).rejects.toThrow('a fault of ours');
  });
});

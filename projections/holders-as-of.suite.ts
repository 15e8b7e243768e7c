/** The suite of HoldersAsOf, run on every implementation of the read models. */
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { idOf, type NewEvent, NO_STREAM, type Position, type RecordedEvent } from '../contracts/message.ts';
import type { Post } from '../contracts/post.ts';
import type { Role } from '../contracts/role.ts';
import type { UserEvent } from '../contracts/user.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { inMemoryStore, logOf, newEvent } from '../platform/event-store/in-memory.fixture.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { foldBatch } from './fold.ts';
import { type HoldersAsOf, type HoldersAsOfContext, HoldersUnknown, holdersAsOf } from './holders-as-of.ts';
import { MOST_PERIODS, roleHolders, type Sought } from './projectors/role-holders.ts';

const ROLES = ['member', 'staff', 'security'] as const;
const SITES = ['7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07', '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e08'];
/** All that is asked: who had a role, and who had one at a site. */
const ASKED: readonly Sought[] = [
  ...ROLES.map((role) => ({ role })),
  ...SITES.flatMap((site) => (['staff', 'security'] as const).map((role) => ({ role, site }))),
];
const { model } = roleHolders;
const LONG = 60_000;

/** A random event of one of a few users, or of a task. Impossible ones, as a second creation, are left out when it is appended. */
type Happening = { user: number; type: UserEvent['type'] | 'TaskCommented' | 'many changes'; role: Role; posts?: Post[] };

const post: fc.Arbitrary<Post> = fc.record({
  role: fc.constantFrom('staff' as const, 'security' as const),
  sites: fc.subarray(SITES),
});

const happening: fc.Arbitrary<Happening> = fc.record({
  user: fc.integer({ min: 1, max: 5 }),
  type: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('UserCreated' as const, 'UserRoleChanged' as const, 'UserPostsSet' as const) },
    {
      weight: 4,
      arbitrary: fc.constantFrom('UserDeleted' as const, 'UserEdited' as const, 'RegistrationAbandoned' as const, 'TaskCommented' as const),
    },
    { weight: 1, arbitrary: fc.constant('many changes' as const) },
  ),
  role: fc.constantFrom(...ROLES),
  posts: fc.uniqueArray(post, { selector: ({ role }) => role, maxLength: 2 }),
});

interface Standing {
  revision: number;
  /** The user's role; undefined before the first, null after the last. */
  role: Role | null | undefined;
}

/** Appends the events of the possible happenings, in order. */
async function happen(store: EventStore, happenings: readonly Happening[]): Promise<void> {
  const standings = new Map<number, Standing>();
  for (const { user, type, role, posts = [] } of happenings.flatMap(spread)) {
    const before = standings.get(user) ?? { revision: NO_STREAM, role: undefined };
    if (type === 'TaskCommented') await store.append(`task-${user}-${await store.head()}`, NO_STREAM, [newEvent(type)]);
    else if (canHappen(type, before)) {
      await store.append(`user-${user}`, before.revision, [eventOf(type, before.role ?? role, role, posts)]);
      standings.set(user, { revision: before.revision + 1, role: roleAfter(type, before, role) });
    }
  }
}

/** Makes of `many changes` more changes of one user's role than the read model keeps. */
function spread({ user, type, role, posts = [] }: Happening): (Happening & { type: Exclude<Happening['type'], 'many changes'> })[] {
  if (type !== 'many changes') return [{ user, type, role, posts }];
  return Array.from({ length: MOST_PERIODS + 5 }, (_, n) => ({ user, type: 'UserRoleChanged', role: ROLES[n % 3] ?? role }));
}

function canHappen(type: UserEvent['type'], { role, revision }: Standing): boolean {
  return type === 'UserCreated' || type === 'RegistrationAbandoned' ? revision === NO_STREAM : Boolean(role);
}

function roleAfter(type: UserEvent['type'], before: Standing, role: Role): Role | null | undefined {
  if (type === 'UserDeleted' || type === 'RegistrationAbandoned') return null;
  return type === 'UserEdited' || type === 'UserPostsSet' ? before.role : role;
}

function eventOf(type: UserEvent['type'], from: Role, to: Role, posts: Post[] = []): NewEvent {
  if (type === 'UserPostsSet') return { ...newEvent(type), data: { posts } };
  const { data } = exampleEvent(type);
  const own = type === 'UserCreated' ? { ...(data as object), role: to } : data;
  return { ...newEvent(type), data: type === 'UserRoleChanged' ? { from, to } : own };
}

/** The oracle: a plain fold over the log up to a position, one role and the last posts a user. */
function foldedTo(events: readonly RecordedEvent[], { role, site }: Sought, position: Position): string[] {
  const roles = new Map<string, Role>();
  const posts = new Map<string, Post[]>();
  for (const recorded of events.filter((one) => one.position <= position)) {
    const { type, data, stream } = recorded as RecordedEvent & UserEvent;
    if (type === 'UserCreated') roles.set(idOf(stream), data.role);
    if (type === 'UserRoleChanged') roles.set(idOf(stream), data.to);
    if (type === 'UserPostsSet') posts.set(idOf(stream), data.posts);
    if (type === 'UserDeleted') roles.delete(idOf(stream));
  }
  const isThere = (id: string, own: Role) => {
    const named = posts.get(id)?.find((one) => one.role === role);
    return named ? named.sites.length === 0 || named.sites.includes(site ?? '') : own === role;
  };
  return [...roles].flatMap(([id, own]) => ((site === undefined ? own === role : isThere(id, own)) ? [id] : [])).sort();
}

/** Describes HoldersAsOf. `open` opens empty read models; `runs`: how often the property is tried. */
export function describeHoldersAsOf(open: () => Promise<ReadModels>, runs: number): void {
  describe('everybody who had a role', { timeout: LONG }, () => {
    let store: EventStore;
    let readModels: ReadModels;

    beforeEach(async () => {
      store = inMemoryStore();
      readModels = await open();
    }, LONG);
    afterEach(() => readModels.close());

    /** Makes a generation of the log, batch by batch, and moves the pointer to it. */
    async function projected(batch = 7): Promise<void> {
      const generation = await readModels.begin(model);
      const events = await logOf(store);
      for (let from = 0; from < events.length; from += batch) await write(generation, events.slice(from, from + batch));
      await readModels.ready(model, generation);
      await readModels.update(model, { generation });
    }

    async function write(generation: number, events: readonly RecordedEvent[]): Promise<void> {
      const mine = events.filter(({ type }) => roleHolders.events.includes(type));
      const { changes } = await foldBatch(
        roleHolders,
        mine,
        (ids) => readModels.get(model, generation, ids),
        () => false,
      );
      const last = events.at(-1) as RecordedEvent;
      const documents = changes.map(({ after }) => after);
      await readModels.write(model, generation, documents, { position: last.position, eventId: last.id });
    }

    function holders(more: Partial<HoldersAsOfContext> = {}): HoldersAsOf {
      return holdersAsOf({ store, readModels, signal: new AbortController().signal, patience: 20, ...more });
    }

    async function told(asked: Role | Sought, position: Position, from = holders()): Promise<string[]> {
      const ids: string[] = [];
      for await (const page of from(typeof asked === 'string' ? { role: asked } : asked, position)) ids.push(...page);
      return ids;
    }

    test('at any position of any history is who a plain fold over the log up to there says', async () => {
      const property = fc.asyncProperty(fc.array(happening, { minLength: 1, maxLength: 40 }), async (happenings) => {
        store = inMemoryStore();
        await happen(store, happenings);
        const events = await logOf(store);
        if (events.length === 0) return;
        await projected();
        const step = Math.ceil(events.length / 15);
        for (const { position } of events.filter((_, n) => n % step === 0 || n === events.length - 1)) {
          for (const asked of ASKED) expect(await told(asked, position)).toEqual(foldedTo(events, asked, position));
        }
      });
      await fc.assert(property, { numRuns: runs });
    });

    test('is told also of a time of which the read model keeps no periods any more', async () => {
      await happen(store, [
        { user: 1, type: 'UserCreated', role: 'security' },
        { user: 1, type: 'UserRoleChanged', role: 'staff' },
        { user: 1, type: 'many changes', role: 'staff' },
        { user: 1, type: 'UserRoleChanged', role: 'staff' },
      ]);
      await projected(1_000);
      const [created, changed] = await logOf(store);
      expect(await told('security', created?.position ?? '')).toEqual(['1']);
      expect(await told('security', changed?.position ?? '')).toEqual([]);
    });

    test('is told also of a site, whose posts of then the read model keeps no more', async () => {
      const [site = '', elsewhere = ''] = SITES;
      await happen(store, [
        { user: 1, type: 'UserCreated', role: 'member' },
        { user: 1, type: 'UserPostsSet', role: 'member', posts: [{ role: 'security', sites: [site] }] },
        { user: 1, type: 'many changes', role: 'member' },
        { user: 1, type: 'UserPostsSet', role: 'member', posts: [{ role: 'security', sites: [elsewhere] }] },
      ]);
      await projected(1_000);
      const log = await logOf(store);
      const guards = (n: number, at: string) => told({ role: 'security', site: at }, log.at(n)?.position ?? '');
      expect([await guards(0, site), await guards(1, site), await guards(1, elsewhere)]).toEqual([[], ['1'], []]);
      expect([await guards(-1, site), await guards(-1, elsewhere)]).toEqual([[], ['1']]);
    });

    describe('is not told, as somebody could be missing', () => {
      beforeEach(async () => {
        await happen(store, [{ user: 1, type: 'UserCreated', role: 'security' }]);
      });
      const unknown = (why: string, from?: HoldersAsOf) => expect(store.head().then((head) => told('security', head, from))).rejects.toThrow(why);

      test('while there is no such read model', async () => {
        await unknown('role_holders is not there yet');
        await expect(told('security', await store.head())).rejects.toBeInstanceOf(HoldersUnknown);
      });
      test('while it is behind', async () => {
        await projected();
        await store.append('task-1', NO_STREAM, [newEvent('TaskCreated')]);
        await unknown('not yet at');
      });
      test('while it is of another log, as after a restore', async () => {
        await projected();
        store = inMemoryStore();
        await store.append('user-2', NO_STREAM, [eventOf('UserCreated', 'security', 'security')]);
        await unknown('is of another log');
      });
      test('while it was made by another version', async () => {
        await projected();
        const state = readModels.state;
        const older: ReadModels = {
          ...readModels,
          state: async (...given) => {
            const found = await state(...given);
            return found && { ...found, version: 0 };
          },
        };
        await unknown('waits for its rebuild', holders({ readModels: older }));
      });
      test('once who asks has stopped', async () => {
        const stopping = new AbortController();
        const from = holders({ signal: stopping.signal, patience: 600_000 });
        setTimeout(() => stopping.abort(new Error('it stops')), 20);
        await unknown('it stops', from);
      });
    });

    test('is told as soon as it is known', async () => {
      await happen(store, [{ user: 1, type: 'UserCreated', role: 'security' }]);
      await projected();
      await happen(store, [{ user: 2, type: 'UserCreated', role: 'security' }]);
      const asked = told('security', await store.head(), holders({ patience: 30_000 }));
      const state = await readModels.state(model);
      await delay(50);
      await write(state?.generation ?? 0, (await logOf(store)).slice(1));
      expect(await asked).toEqual(['1', '2']);
    });
  });
}

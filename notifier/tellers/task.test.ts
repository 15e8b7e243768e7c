import { expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import type { ReadStream } from '../../platform/event-store/event-store.ts';
import { initial, type TaskState } from '../../write-side/deciders/task.ts';
import { tellOfTask } from './task.ts';
import type { TellerContext } from './teller.ts';

const STREAM = exampleEvent('TaskCreated').stream;
const DEADLINE = '2026-12-01T09:00:00.000Z';
const LATER = '2026-12-02T09:00:00.000Z';

/** A task whose last events before a notification are these, the newest first, in pages of two; with what was read of them. */
function contextWith(state: TaskState, before: RecordedEvent[]) {
  const asked: (ReadStream | undefined)[] = [];
  let pages = 0;
  const context = {
    commands: { load: async () => ({ state, revision: 9, missing: undefined }) },
    store: {
      async *readStream(_: string, options?: ReadStream) {
        asked.push(options);
        for (let n = 0; n < before.length; n += 2) {
          pages++;
          yield before.slice(n, n + 2);
        }
      },
    },
    seesAll: () => true,
    now: () => new Date('2026-11-30T12:00:00.000Z'),
  } as unknown as TellerContext;
  return { context, asked, pages: () => pages };
}

const event = (type: 'TaskCreated' | 'TaskEdited' | 'TaskCommented', data: object) => ({ ...exampleEvent(type), data }) as RecordedEvent;
const comment = event('TaskCommented', { text: 'Hello' });
const told = (context: TellerContext) =>
  tellOfTask({ about: { stream: STREAM, revision: 7 }, recipient: { userId: 'somebody' }, reader: null } as never, context);

it.each([
  ['the last edit said so', [comment, event('TaskEdited', { deadline: DEADLINE }), event('TaskEdited', { deadline: LATER })], true],
  ['the last edit said another', [comment, event('TaskEdited', { title: 'x' }), event('TaskEdited', { deadline: LATER })], false],
  ['the last edit took it away', [event('TaskEdited', { deadline: null }), event('TaskEdited', { deadline: DEADLINE })], false],
  ['it began with it', [comment, comment, event('TaskCreated', { deadline: DEADLINE })], true],
  ['it began with none', [comment, comment, event('TaskCreated', {})], false],
])('a task had the deadline that it has when the notification was asked for, or not: %s', async (_, before, sameDeadline) => {
  const { context } = contextWith({ ...initial, exists: true, deadline: DEADLINE }, before);
  expect(await told(context)).toMatchObject({ sameDeadline });
});

it('of a long history no more is read than the last events before the notification, and none of a task without a deadline', async () => {
  const long = contextWith({ ...initial, exists: true, deadline: DEADLINE }, [
    event('TaskEdited', { deadline: DEADLINE }),
    ...Array(100).fill(comment),
  ]);
  await told(long.context);
  expect([long.asked, long.pages()]).toEqual([[{ from: 7, direction: 'backwards' }], 1]);
  const none = contextWith({ ...initial, exists: true, deadline: null }, [comment]);
  expect(await told(none.context)).toMatchObject({ sameDeadline: false, late: false });
  expect(none.asked).toEqual([]);
});

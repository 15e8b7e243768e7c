/** Read models on a server that is slow, or takes no large batches of one of them. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { NO_STREAM } from '../contracts/message.ts';
import { watchStandstills } from '../platform/followers/standstills.ts';
import { type ChoosyProxy, choosyProxy, type Fate } from '../platform/read-models/mongodb/choosy-proxy.fixture.ts';
import { openReadModels } from '../platform/read-models/open.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { stableId } from '../platform/stable-id.ts';
import { describeWith, ferretDb } from '../servers/for-tests.fixture.ts';
import { foldedLog, log, openRig, type Projected, type Rig } from '../system/projections.fixture.ts';
import type { AnyProjector } from './projector.ts';
import { taskDetail } from './projectors/task-detail.ts';
import { taskList } from './projectors/task-list.ts';

const BOTH = [taskList, taskDetail];
/** Tasks that are made at once: one batch. */
const TASKS = 200;
const TITLE = 'Replace the lamp of the test';
const LONG = 300_000;

describeWith(ferretDb, 'read models on a FerretDB', () => {
  let rig: Rig;
  let proxy: ChoosyProxy;
  let readModels: ReadModels;
  let projected: Projected;
  /** What waits at the proxy goes on with this. */
  let answers: PromiseWithResolvers<void>;
  beforeEach(async () => {
    answers = Promise.withResolvers<void>();
    rig = await openRig();
    proxy = await choosyProxy(await ferretDb.database());
    readModels = await openReadModels(proxy.url, { dataDir: '/nowhere', log });
    projected = await rig.project({ readModels, projectors: BOTH });
  });
  afterEach(async () => {
    proxy.decide(() => 'passes');
    answers.resolve();
    await rig.close();
    await readModels.close();
    proxy.close();
  });

  /** Appends the creation of so many tasks; resolves to the log's end. */
  async function tasks(count: number, batch: string): Promise<string> {
    const { data, metadata } = exampleEvent('TaskCreated');
    const one = async (n: number) => {
      const stream = `task-${stableId('slow', batch, String(n))}`;
      await rig.store.append(stream, NO_STREAM, [
        { id: stableId(stream, '0'), type: 'TaskCreated', data: { ...(data as object), title: TITLE }, metadata },
      ]);
    };
    await Promise.all(Array.from({ length: count }, (_, n) => one(n)));
    return rig.store.head();
  }

  const reached = ({ model }: AnyProjector, position: string) => readModels.reached(model, position, LONG);
  const isOf = ({ model }: AnyProjector, text: string) => text.includes(`${model.name}_`);
  const documentsIn = (text: string) => text.split(TITLE).length - 1;

  async function isRight(): Promise<void> {
    for (const projector of BOTH) expect(await projected.documents(projector)).toBe(await foldedLog(rig.store, projector));
  }

  it('take what one of them cannot take at once in smaller batches, keep their hold meanwhile, and the others go on', { timeout: LONG }, async () => {
    const most = TASKS / 4;
    const sizes: number[] = [];
    const followed = vi.spyOn(rig.bus, 'follow');
    proxy.decide((text): Fate => {
      const size = isOf(taskList, text) ? documentsIn(text) : 0;
      if (size > 0) sizes.push(size);
      return size > most ? 'cut' : 'passes';
    });
    // Followers read the store: so the batches are as large as they get.
    await projected.follower.stop();
    await projected.stop();
    const end = await tasks(TASKS, 'all at once');
    projected = await rig.project({ readModels, projectors: BOTH });
    const holds = followed.mock.calls.length;
    expect(await reached(taskDetail, end)).toBe(true);
    expect(await reached(taskList, end)).toBe(true);
    await isRight();
    expect(Math.max(...sizes)).toBeGreaterThan(most);
    expect(followed.mock.calls.length).toBe(holds);
    expect(projected.paces.map(({ trouble }) => trouble())).toEqual(projected.paces.map(() => undefined));
  });

  it('wait for one that does not answer no longer than a moment; it stands still since then, which is told, until it answers', {
    timeout: LONG,
  }, async () => {
    const lines: string[] = [];
    const say = (level: string) => (_: object, message: string) => void lines.push(`${level} ${message}`);
    const standstills = watchStandstills({
      paces: () => projected.paces,
      head: rig.store.head,
      lost: () => [],
      log: { info: say('info'), error: say('error') },
      bound: 500,
      every: 50,
    });
    await tasks(1, 'before');
    await projected.caughtUp();
    proxy.decide((text): Fate => (isOf(taskList, text) && !text.includes('ismaster') ? answers.promise : 'passes'));
    const end = await tasks(TASKS, 'while it is silent');
    expect(await reached(taskDetail, end)).toBe(true);
    // The others have waited for it, for a moment.
    const waits = () => standstills.waits().join();
    await expect.poll(() => waits().includes(taskList.model.name) && !waits().includes(taskDetail.model.name)).toBe(true);
    expect(standstills.seconds()[taskList.model.name]).toBeGreaterThan(0);
    const said = () => lines.filter((line) => line.includes(taskList.model.name));
    expect(said()).toEqual([expect.stringMatching(/^error task_list stands still since \S+: /)]);
    answers.resolve();
    proxy.decide(() => 'passes');
    expect(await reached(taskList, end)).toBe(true);
    await isRight();
    await expect.poll(() => standstills.waits().filter((one) => one.includes(taskList.model.name))).toEqual([]);
    await expect.poll(() => said().at(-1)).toBe(`info ${taskList.model.name} goes on`);
    standstills.stop();
  });
});

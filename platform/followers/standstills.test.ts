import { afterEach, describe, expect, it, vi } from 'vitest';
import { type PaceMeter, paceMeter } from './pace.ts';
import { type StandstillOptions, type Standstills, watchStandstills } from './standstills.ts';

const PATIENCE = { timeout: 20_000, interval: 5 };

const opened: Standstills[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.stop();
});

/** A watch that looks every millisecond, on a follower at position `at` of a log that ends at `head`. */
function rig(more: Partial<StandstillOptions> = {}) {
  const log = { info: vi.fn(), error: vi.fn() };
  const place = { at: '2', head: '1', isAway: false };
  const lost: string[] = [];
  const meter: PaceMeter = paceMeter('task_list', (head) => place.at < head);
  let looks = 0;
  let atEachLook = () => {};
  const head = async () => {
    looks++;
    atEachLook();
    if (place.isAway) throw new Error('the store is away');
    return place.head;
  };
  const watch = watchStandstills({ paces: () => [meter], head, lost: () => lost, log, bound: 40, every: 1, ...more });
  opened.push(watch);
  /** Waits for so many looks that they take longer than the bound; at each of them `work` is done. */
  async function looksOn(work = () => {}): Promise<void> {
    atEachLook = work;
    const until = looks + 60;
    await vi.waitFor(() => expect(looks).toBeGreaterThan(until), PATIENCE);
    atEachLook = () => {};
  }
  return { log, place, lost, meter, watch, looksOn };
}

const isTold = ({ watch }: ReturnType<typeof rig>) => vi.waitFor(() => expect(watch.waits()).toHaveLength(1), PATIENCE);

describe('a follower that has something to do and does not get on', () => {
  it('is named with since when and why, logged once, and counts its seconds', async () => {
    const one = rig();
    one.meter.begins();
    one.meter.failed(new Error('no documents today'));
    one.place.head = '3';
    await isTold(one);
    expect(one.watch.waits()[0]).toMatch(/^task_list, which stands still since \d{4}-\d\d-\d\dT\S+Z \(no documents today\)$/);
    expect(one.watch.seconds().task_list).toBeGreaterThan(0);
    await one.looksOn();
    const [data, message] = one.log.error.mock.calls[0] ?? [];
    expect(data).toMatchObject({ name: 'task_list', reason: 'no documents today' });
    expect(message).toMatch(/^task_list stands still since .*: no documents today$/);
    expect(one.log.error).toHaveBeenCalledTimes(1);
  });

  it('is well again once it gets on, which is logged, and stands still anew when it stops again', async () => {
    const one = rig();
    one.meter.begins();
    one.place.head = '3';
    await isTold(one);
    one.meter.well();
    await vi.waitFor(() => expect(one.watch.waits()).toEqual([]), PATIENCE);
    expect(one.log.info).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ name: 'task_list' }), 'task_list goes on');
    await isTold(one);
    expect(one.log.error).toHaveBeenCalledTimes(2);
  });

  it('is told where it fails before its turn has begun, as on a queue that is declared otherwise', async () => {
    const one = rig();
    one.place.head = '3';
    one.meter.failed(new Error('another queue of this name'));
    await isTold(one);
  });

  it('is told where nobody can say whose turn it is, and events came since', async () => {
    const one = rig();
    one.place.at = '1';
    one.place.head = '9';
    await vi.waitFor(() => expect(one.watch.seconds()).toEqual({ task_list: 0 }), PATIENCE);
    one.lost.push('the event bus at amqp://broker');
    await one.looksOn();
    expect(one.watch.waits()).toEqual([]);
    one.place.head = '91';
    await isTold(one);
    expect(one.watch.waits()[0]).toContain('it waits for the event bus at amqp://broker');
  });
});

describe('a follower is ready', () => {
  it.each<[string, { turn: boolean; head: string; isWell: boolean }]>([
    ['that has nothing to do', { turn: true, head: '1', isWell: false }],
    ['that stands by while another process is behind', { turn: false, head: '3', isWell: false }],
    ['that is behind and gets on', { turn: true, head: '3', isWell: true }],
  ])('%s', async (_name, { turn, head, isWell }) => {
    const one = rig();
    if (turn) one.meter.begins();
    one.place.head = head;
    await one.looksOn(isWell ? one.meter.well : undefined);
    expect(one.watch.waits()).toEqual([]);
    expect(one.log.error).not.toHaveBeenCalled();
  });

  it('as long as the log cannot be read, which is told elsewhere', async () => {
    const one = rig();
    one.meter.begins();
    await vi.waitFor(() => expect(one.watch.seconds()).toEqual({ task_list: 0 }), PATIENCE);
    one.place.isAway = true;
    one.place.head = '3';
    await one.looksOn();
    one.place.isAway = false;
    expect(one.watch.waits()).toEqual([]);
  });
});

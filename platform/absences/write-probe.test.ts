import { describe, expect, it } from 'vitest';
import { writeProbe } from './write-probe.ts';

/** A write that fails while it is told to, and waits while it is told to. */
function aWrite() {
  const now = { fails: false, waits: Promise.resolve(), times: 0 };
  const write = async () => {
    now.times++;
    await now.waits;
    if (now.fails) throw new Error('the disk is full');
  };
  return { now, write };
}

describe('a write that is tried when somebody asks', () => {
  it('is tried once while a success counts, and again behind it', async () => {
    const { now, write } = aWrite();
    const check = writeProbe(write);
    await check();
    await check();
    expect(now.times).toBe(1);
    const soon = writeProbe(write, { fresh: -1 });
    await soon();
    await soon();
    expect(now.times).toBe(3);
  });

  it('that fails is told to everybody at once, and is tried again until it succeeds', async () => {
    const { now, write } = aWrite();
    const check = writeProbe(write, { fresh: -1, pause: -1 });
    await check();
    now.fails = true;
    await expect(check()).rejects.toThrow('the disk is full');
    let go = () => {};
    now.waits = new Promise((resolve) => {
      go = resolve;
    });
    now.fails = false;
    const trying = check();
    await expect(check()).rejects.toThrow('the disk is full');
    go();
    await trying;
    await check();
  });

  it('is not tried more often than it may be while it fails', async () => {
    const { now, write } = aWrite();
    now.fails = true;
    const check = writeProbe(write, { pause: 60_000 });
    for (let n = 0; n < 5; n++) await expect(check()).rejects.toThrow('the disk is full');
    expect(now.times).toBe(1);
  });

  it('has one try under way, however many ask', async () => {
    const { now, write } = aWrite();
    const check = writeProbe(write, { fresh: -1 });
    await Promise.all([check(), check(), check()]);
    expect(now.times).toBe(1);
  });
});

import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProblemError } from '../../contracts/problem.ts';
import { formatRefreshToken, parseRefreshToken, randomSecret } from './refresh-tokens.ts';
import { openSecrets } from './secrets/open.ts';
import type { Secrets } from './secrets/secrets.ts';
import type { EndedSession } from './session-ends.ts';
import type { SessionLimits } from './session-record.ts';
import { MOST_SESSIONS, openSessions, type Sessions } from './sessions.ts';

const ALICE = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
const BROWSER = { userAgent: 'browser', ip: '192.0.2.1' };
const DAY = 24 * 3_600_000;
const hmac = (text: string) => createHmac('sha256', 'a key').update(text).digest('hex');

let dataDir: string;
let secrets: Secrets;
let time: number;
let ended: EndedSession[];
let deleted: Set<string>;
const now = () => new Date(time);

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sessions-'));
  time = Date.parse('2026-11-21T09:00:00.000Z');
  ended = [];
  deleted = new Set();
  secrets = await openSecrets('sqlite:', { dataDir, log: { warn: () => {} }, now });
});
afterEach(async () => {
  await secrets.close();
  rmSync(dataDir, { recursive: true });
});

function open(of: Secrets = secrets, limits?: SessionLimits): Sessions {
  const ends = { ended: async (session: EndedSession) => void ended.push(session) };
  return openSessions({ secrets: of, ends, hmac, exists: async (id) => !deleted.has(id), limits, now, clock: () => time });
}

const outcome = (refresh: Promise<{ refreshToken: string }>) =>
  refresh.then(
    ({ refreshToken }) => refreshToken,
    (error: unknown) => {
      if (error instanceof ProblemError && error.code === 'unauthorized') return null;
      throw error;
    },
  );

describe('refresh tokens', () => {
  it('are known by their mark: whatever is changed in one makes it none of ours', () => {
    const token = formatRefreshToken({ sessionId: ALICE, secret: randomSecret() }, hmac);
    expect(parseRefreshToken(token, hmac)).toMatchObject({ sessionId: ALICE });
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom('a', '0', '-', '.', 'Z', 'ü', '\n'), (at, letter) => {
        const changed = token.slice(0, at) + letter + token.slice(at + 1);
        expect(parseRefreshToken(changed, hmac) === null).toBe(changed !== token);
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => parseRefreshToken(text, hmac) === null));
  });
});

describe('sessions', () => {
  it('rotate: each refresh token is good for one', async () => {
    const sessions = open();
    const first = await sessions.start(ALICE, BROWSER);
    const second = await sessions.refresh(first.refreshToken);
    expect(second).toMatchObject({ id: first.id, userId: ALICE });
    expect(second.refreshToken).not.toBe(first.refreshToken);
    time += 60_000;
    const third = await sessions.refresh(second.refreshToken);
    expect(new Set([first, second, third].map((one) => one.refreshToken)).size).toBe(3);
  });

  it('answer a repeat of the last refresh within ten seconds with the same next token', async () => {
    const sessions = open();
    const { refreshToken } = await sessions.start(ALICE, BROWSER);
    const second = await sessions.refresh(refreshToken);
    time += 10_000;
    expect((await sessions.refresh(refreshToken)).refreshToken).toBe(second.refreshToken);
    expect(await outcome(sessions.refresh(second.refreshToken))).not.toBeNull();
    expect(ended).toEqual([]);
  });

  it('give the token before another successor after that, however late, as long as the first was never used', async () => {
    const sessions = open();
    const { refreshToken } = await sessions.start(ALICE, BROWSER);
    const lost = await sessions.refresh(refreshToken);
    time += 10_001;
    const second = await sessions.refresh(refreshToken);
    expect(second.refreshToken).not.toBe(lost.refreshToken);
    time += 20 * DAY;
    const third = await open().refresh(refreshToken);
    expect(await outcome(sessions.refresh(third.refreshToken))).not.toBeNull();
    expect(ended).toEqual([]);
  });

  it('end when the first successor comes after the token before got another one: one of the two has a copy', async () => {
    const sessions = open();
    const { id, refreshToken } = await sessions.start(ALICE, BROWSER);
    const first = await sessions.refresh(refreshToken);
    time += 10_001;
    const second = await sessions.refresh(refreshToken);
    expect(await outcome(sessions.refresh(first.refreshToken))).toBeNull();
    expect(ended).toEqual([{ id, userId: ALICE, reason: 'reused' }]);
    expect(await outcome(sessions.refresh(second.refreshToken))).toBeNull();
  });

  it('end when a token comes again whose successor was used, however late', async () => {
    const sessions = open();
    const first = await sessions.start(ALICE, BROWSER);
    const second = await sessions.refresh(first.refreshToken);
    time += 60_000;
    const third = await sessions.refresh(second.refreshToken);
    expect(await outcome(sessions.refresh(first.refreshToken))).toBeNull();
    expect(ended).toEqual([{ id: first.id, userId: ALICE, reason: 'reused' }]);
    expect(await outcome(sessions.refresh(third.refreshToken))).toBeNull();
  });

  it('answer two tabs that ask at once through two processes with one token, also long after the token was first used', async () => {
    const { refreshToken } = await open().start(ALICE, BROWSER);
    const here = open();
    await here.refresh(refreshToken);
    time += DAY;
    const elsewhere = await open().refresh(refreshToken);
    expect((await here.refresh(refreshToken)).refreshToken).toBe(elsewhere.refreshToken);
  });

  it('end at once when an older one comes', async () => {
    const sessions = open();
    const first = await sessions.start(ALICE, BROWSER);
    const second = await sessions.refresh(first.refreshToken);
    const third = await sessions.refresh(second.refreshToken);
    expect(await outcome(sessions.refresh(first.refreshToken))).toBeNull();
    expect(await outcome(sessions.refresh(third.refreshToken))).toBeNull();
    expect(ended).toHaveLength(1);
  });

  it('do not end because of a token that we never made', async () => {
    const sessions = open();
    const { id, refreshToken } = await sessions.start(ALICE, BROWSER);
    const forged = [
      `${id}.${randomSecret()}.${'0'.repeat(32)}`,
      `${id}`,
      '',
      formatRefreshToken({ sessionId: id, secret: randomSecret() }, (text) => `${text}x`),
    ];
    for (const token of forged) expect(await outcome(sessions.refresh(token))).toBeNull();
    expect(ended).toEqual([]);
    expect(await outcome(sessions.refresh(refreshToken))).not.toBeNull();
  });

  it('live 30 days from their last use', async () => {
    const sessions = open();
    let { refreshToken, id } = await sessions.start(ALICE, BROWSER);
    for (let n = 0; n < 2; n++) {
      time += 29 * DAY;
      ({ refreshToken, id } = await sessions.refresh(refreshToken));
    }
    time += 30 * DAY;
    expect(await outcome(sessions.refresh(refreshToken))).toBeNull();
    expect(await sessions.get(id)).toBeNull();
  });

  it('live 90 days at the latest, however often they are used', async () => {
    const sessions = open();
    let { refreshToken, id } = await sessions.start(ALICE, BROWSER);
    for (let n = 1; n < 9; n++) {
      time += 10 * DAY;
      ({ refreshToken, id } = await sessions.refresh(refreshToken));
    }
    time += 10 * DAY - 1;
    ({ refreshToken, id } = await sessions.refresh(refreshToken));
    await sessions.prove(id);
    time += 1;
    expect(await outcome(sessions.refresh(refreshToken))).toBeNull();
    expect(await sessions.get(id)).toBeNull();
  });

  it('live as long as they are set to', async () => {
    const sessions = open(secrets, { idleDays: 1, mostDays: 2 });
    const { refreshToken, id } = await sessions.start(ALICE, BROWSER);
    time += DAY - 1;
    await sessions.refresh(refreshToken);
    expect((await sessions.get(id))?.expires).toBe(new Date(time + DAY).toISOString());
    time += DAY;
    expect(await sessions.get(id)).toBeNull();
  });

  it('know from where they were last refreshed', async () => {
    const sessions = open();
    const { refreshToken, id } = await sessions.start(ALICE, BROWSER);
    const elsewhere = { userAgent: 'another', ip: '192.0.2.9' };
    await sessions.refresh(refreshToken, elsewhere);
    expect((await sessions.get(id))?.value).toMatchObject(elsewhere);
  });

  it('are over where their user is', async () => {
    const sessions = open();
    const { refreshToken, id } = await sessions.start(ALICE, BROWSER);
    await sessions.end((await sessions.get(id)) ?? expect.fail('no session'), 'logout');
    expect(await outcome(sessions.refresh(refreshToken))).toBeNull();
    expect(await sessions.get(id)).toBeNull();
  });

  it('are at most fifty a user: the longest unused goes', async () => {
    const sessions = open();
    const made: string[] = [];
    for (let n = 0; n < MOST_SESSIONS; n++) {
      time += 1;
      made.push((await sessions.start(ALICE, BROWSER)).refreshToken);
    }
    time += 1;
    await sessions.refresh(made[0] ?? '');
    await sessions.start('5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02', BROWSER);
    expect(ended).toEqual([]);
    const newest = await sessions.start(ALICE, BROWSER);
    expect(ended).toMatchObject([{ reason: 'revoked', id: made[1]?.split('.')[0] }]);
    const kept = await sessions.list(ALICE);
    expect(kept).toHaveLength(MOST_SESSIONS);
    expect(kept.map((one) => one.key)).toContain(newest.id);
  });

  it('end with their user', async () => {
    const sessions = open();
    const { refreshToken, id } = await sessions.start(ALICE, BROWSER);
    deleted.add(ALICE);
    expect(await outcome(sessions.refresh(refreshToken))).toBeNull();
    expect(ended).toEqual([{ id, userId: ALICE, reason: 'deleted' }]);
  });

  it('hold no token in what is stored', async () => {
    const sessions = open();
    const tokens = [await sessions.start(ALICE, BROWSER)];
    for (let n = 0; n < 3; n++) tokens.push(await sessions.refresh(tokens.at(-1)?.refreshToken ?? ''));
    const stored = JSON.stringify(await secrets.list('sessions', ALICE));
    for (const { refreshToken } of tokens) expect(stored).not.toContain(refreshToken.split('.')[1]);
  });
});

/** A round: tokens presented at the same time, by their place among those issued, counted from the newest, after some time. */
const round = fc.record({ wait: fc.constantFrom(0, 5_000, 11_000), presented: fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }) });

/** Each get, put and delete happens when the scheduler says: any order of them is tried. */
function shuffled(scheduler: fc.Scheduler): Secrets {
  const turn = () => scheduler.schedule(Promise.resolve());
  return {
    ...secrets,
    get: (...args) => turn().then(() => secrets.get(...args)) as never,
    put: (...args) => turn().then(() => secrets.put(...args)),
    delete: (...args) => turn().then(() => secrets.delete(...args)),
  };
}

/** The tokens that one session has had, as its owner sees them. */
interface Owned {
  /** All of them, the oldest first. */
  issued: string[];
  newest: string;
  /** The token of which the newest was made; null before the first refresh. */
  before: string | null;
  /** When the newest was made. */
  made: number;
}

/** What must be true of a round, from the tokens known before it. */
function judge(presented: string[], { newest, before, made }: Owned): Judgement {
  if (presented.some((token) => token !== newest && token !== before)) return 'stolen';
  const isRepeated = presented.includes(before ?? '');
  const isLate = time - made > 10_000;
  if (isRepeated && presented.includes(newest)) return isLate ? 'stolen' : 'overtaken';
  return isRepeated && isLate ? 'renewed' : 'fine';
}

/**
 * - `stolen`: a token was presented whose successor was used, or that a repeat of the one before made void.
 * - `overtaken`: the newest was used in the same moment in which the one before was repeated; either may come first.
 * - `renewed`: the one before was repeated late, and the newest was never used.
 */
type Judgement = 'stolen' | 'overtaken' | 'renewed' | 'fine';

/** The answer that each token got in a round: any token gets one, whoever asks and however often. */
async function answersOf(presented: string[], processes: Sessions[], scheduler: fc.Scheduler): Promise<Map<string, string>> {
  const answers = new Map<string, string>();
  const present = presented.map(async (token, n) => {
    const answer = await outcome((processes[n % 2] ?? open()).refresh(token));
    if (answer === null) return;
    expect(answers.get(token) ?? answer).toBe(answer);
    answers.set(token, answer);
  });
  await scheduler.waitFor(Promise.all(present));
  return answers;
}

/** The tokens after a round in which the session lived. */
function after(owned: Owned, answers: Map<string, string>): Owned {
  const repeated = owned.before === null ? undefined : answers.get(owned.before);
  const next = answers.get(owned.newest);
  if (repeated !== undefined && time - owned.made <= 10_000) expect(repeated).toBe(owned.newest);
  const made = next ?? (repeated === owned.newest ? undefined : repeated);
  if (made === undefined) return owned;
  expect(owned.issued).not.toContain(made);
  return { issued: [...owned.issued, made], newest: made, before: next ? owned.newest : owned.before, made: time };
}

interface Play {
  scheduler: fc.Scheduler;
  owned: Owned;
  seen: Record<Judgement, number>;
}

async function playRound(play: Play, { wait, presented }: { wait: number; presented: number[] }): Promise<void> {
  const { issued } = play.owned;
  time += wait;
  const tokens = presented.map((back) => issued.at(-1 - back) ?? issued[0] ?? '');
  const judged = judge(tokens, play.owned);
  const alive = ended.length === 0;
  const answers = await answersOf(tokens, [open(shuffled(play.scheduler)), open(shuffled(play.scheduler))], play.scheduler);
  if (!alive) return expect(answers.size).toBe(0);
  hold(judged, play.seen);
  if (ended.length === 0) play.owned = after(play.owned, answers);
}

/** A stolen token ends the session, and nothing else does. */
function hold(judged: Judgement, seen: Play['seen']): void {
  seen[judged]++;
  if (judged !== 'overtaken') expect(ended.length > 0).toBe(judged === 'stolen');
}

it('any interleaving of refreshes with old and new tokens leaves at most one live chain', async () => {
  const seen = { stolen: 0, overtaken: 0, renewed: 0, fine: 0 };
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(round, { minLength: 1, maxLength: 6 }), async (scheduler, rounds) => {
      const { refreshToken, id } = await open().start(ALICE, BROWSER);
      const play: Play = { scheduler, owned: { issued: [refreshToken], newest: refreshToken, before: null, made: time }, seen };
      ended = [];
      for (const one of rounds) await playRound(play, one);
      const living = await open().get(id);
      expect(living === null).toBe(ended.length > 0);
      time += 11_000;
      expect((await outcome(open().refresh(play.owned.newest))) === null).toBe(living === null);
    }),
    { numRuns: 150 },
  );
  for (const times of Object.values(seen)) expect(times).toBeGreaterThan(0);
});

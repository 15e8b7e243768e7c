/** Steady work, of which each thing that is asked of a dependency fails once: before it is done, or once it is, when its answer is lost. */
import { expect, it } from 'vitest';
import { chanceOf } from '../platform/event-bus/unreliable.fixture.ts';
import { logIn } from '../system/client.fixture.ts';
import { UNLIMITED } from '../system/unlimited.fixture.ts';
import { type Dependency, type Failing, openDependent } from './absence.fixture.ts';
import { checkAsMadeAnew, checkDoneOnce, eraseOne, settledWork, workSteadily } from './steady-work.fixture.ts';

const ADMIN = { name: 'Administrator', email: 'admin@localhost.localdomain', password: 'the admin of the tests' };
const PATIENCE = { timeout: 400_000 };

interface Call {
  dependency: Dependency;
  member: string;
  args: readonly unknown[];
}

/** Which calls fail: of the work, and of the erasing behind it. */
interface Failures {
  working(call: Call): Failing | null;
  erasing(call: Call): Failing | null;
}

/**
 * The first call of each kind fails. `failed`: those kinds. Of the erasing, whose steps are tried again after pauses that double, not two calls to one
 * dependency within a second and a half.
 */
function eachOnce(how: Failing): Failures & { failed: Set<string> } {
  const failed = new Set<string>();
  const quiet = new Map<Dependency, number>();
  function working({ dependency, member, args }: Call): Failing | null {
    const kind = JSON.stringify([dependency, member, ...args.map((argument) => kindOf(argument, OF_EACH_MODEL.has(member)))]);
    if (failed.has(kind)) return null;
    failed.add(kind);
    quiet.set(dependency, performance.now() + 1_500);
    return how;
  }
  const erasing = (call: Call) => (performance.now() < (quiet.get(call.dependency) ?? 0) ? null : working(call));
  return { failed, working, erasing };
}

/** Calls that fail once for each read model; all others, for one of them: a rebuild that fails is not tried again by itself. */
const OF_EACH_MODEL = new Set(['write', 'find']);

/** An argument without what is made up: the kind of a stream or a key, the types of events; `named`: the name of a model. */
function kindOf(argument: unknown, named: boolean): unknown {
  if (typeof argument === 'string') return argument.replaceAll(MADE_UP, '…');
  if (Array.isArray(argument)) return [...new Set(argument.map((one) => one?.type))];
  if (typeof argument !== 'object' || argument === null) return typeof argument;
  return named && 'name' in argument ? argument.name : Object.keys(argument);
}
const MADE_UP = /[0-9a-f]{8}-[0-9a-f-]{27}|(?<=[-:])[\w-]{43,}|\/[0-9a-f]{2}\/|\d{4,}/g;

/** About one call in so many of the work fails, whatever it is, every second of them after it was carried out. */
function nowAndThen(seed: number, every: number): Failures {
  const chance = chanceOf(seed);
  return { working: () => (chance() * every < 1 ? (chance() < 0.5 ? 'before' : 'after') : null), erasing: () => null };
}

/** Works while calls fail; in the end all of it was done, once, and each read model is as one that is made anew. */
async function workThrough({ working, erasing }: Failures): Promise<void> {
  /** How often each message was handed over, by the id of its notification. */
  const sends = new Map<string, number>();
  let which: Failures['working'] = () => null;
  const process = await openDependent({ ADMIN_PASSWORD: ADMIN.password, ...UNLIMITED }, (call) => {
    const how = which(call);
    if (call.member === 'send' && how !== 'before') sends.set(messageOf(call.args), (sends.get(messageOf(call.args)) ?? 0) + 1);
    return how;
  });
  try {
    const admin = await logIn(() => process.url, ADMIN);
    which = working;
    const worked = await workSteadily(process, admin);
    await settledWork(process, worked);
    which = erasing;
    await eraseOne(admin, worked);
    which = () => null;
    await settledWork(process, worked);
    await checkDoneOnce(process, worked, sends);
    await checkAsMadeAnew(process, admin, worked);
  } finally {
    which = () => null;
    await process.stop();
  }
}

/** The notification of a mail or an SMS. */
function messageOf([message]: readonly unknown[]): string {
  const { id, messageId } = message as { id?: string; messageId?: string };
  return id ?? messageId?.split('@')[0] ?? '';
}

/** What was surely asked for. */
const ASKED = [
  '["store","append","task-…","number",["TaskCreated","TaskAssigned"]]',
  '["store","append","order-…","number",["OrderValidated","OrderConfirmed"]]',
  '["readModels","write","task_list","number",[null],["position","eventId"]]',
];

it.each(['before', 'after'] as const)(
  'work that loses its dependencies %s each thing that is asked of them, once, has in the end done all of it once',
  PATIENCE,
  async (how) => {
    const failures = eachOnce(how);
    await workThrough(failures);
    expect([...failures.failed]).toEqual(expect.arrayContaining(ASKED));
  },
);

const SEED = Number(process.env.LOST_SEED ?? 7);
it(`work in which one in thirty of all calls fails, carried out or not (seed ${SEED}), has in the end done all of it once`, PATIENCE, () =>
  workThrough(nowAndThen(SEED, 30)),
);

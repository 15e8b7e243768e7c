/**
 * Brings a repair request and its task into step: looks at both, and commands the one that is behind, until they say the same. Where the task alone was
 * changed, the request follows, by its own rules. Where the request was changed too, or refuses to follow, the task does, and its history says why.
 *
 * It commands on the revisions that it read, by ids that are made of these: after a kill the same look gives the same command, which is carried out once.
 */
import { known, UnknownEvent } from '../../contracts/catalog.ts';
import { isUuid } from '../../contracts/fields.ts';
import { idOf, NO_STREAM, type RecordedEvent } from '../../contracts/message.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { stableId } from '../../platform/stable-id.ts';
import type { AssetState } from '../deciders/asset-state.ts';
import type { RepairState } from '../deciders/repair-state.ts';
import type { SiteState } from '../deciders/site-state.ts';
import { type ComparedTelling, compared, type ToldField, toldByRepair } from './in-step.ts';
import { followOf } from './repair-follows.ts';

export interface InStepContext {
  store: Pick<EventStore, 'readStream'>;
  commands: Pick<CommandHandler, 'load' | 'handle'>;
}

/** Others changed both all the time while they were to be brought into step: to be tried again. */
class NotInStepYet extends Error {
  override readonly name = 'NotInStepYet';
}

/** The most looks: one for each field, and more for what others do meanwhile. */
const MOST_LOOKS = 20;

/** Who commands both. */
export const IN_STEP = { id: 'policy:repair-tasks', role: 'system', seesAll: true } as const;

/** The id of the task of a repair request. */
export function taskOfRepair(repair: string): string {
  return stableId('task of repair', repair);
}

/** A request and its task, as they were looked at. */
interface Looked {
  id: string;
  both: ComparedTelling;
  revisions: { repair: number; task: number };
  correlationId: string;
}

type Outcome = 'changed' | 'unchanged' | 'refused' | 'meanwhile';

/**
 * Makes the function that brings a request and its task into step; `correlationId` is that of what it is done for. Errors: UnknownEvent where this
 * release does not know all of either; those of the store, and ProblemError where something is away, after which it is to be called again.
 */
export function keepInStep({ store, commands }: InStepContext): (repair: string, correlationId: string) => Promise<void> {
  /** The events of a stream in their newest shapes; null for one whose beginning an operator took away. Error: UnknownEvent. */
  async function eventsOf(stream: string): Promise<RecordedEvent[] | null> {
    const { missing, gone } = await commands.load(stream);
    if (missing instanceof UnknownEvent) throw missing;
    if (missing || gone) return null;
    const events: RecordedEvent[] = [];
    for await (const page of store.readStream(stream)) events.push(...page.map(known));
    return events;
  }

  async function command(to: { type: string; stream: string; data: unknown }, revision: number, correlationId: string): Promise<Outcome> {
    const commandId = stableId('repair tasks', to.type, to.stream, String(revision), JSON.stringify(to.data));
    const whole = { ...to, id: idOf(to.stream), commandId, actor: IN_STEP, now: new Date().toISOString() };
    return commands.handle(whole, { correlationId, ifMatch: [revision] }).then(({ changed }) => (changed ? 'changed' : 'unchanged'), outcomeOf);
  }

  /** The name of what a request is about: its asset, its place, or its site. No person wrote it as theirs. */
  async function nameOf({ site, place, asset }: RepairState): Promise<string> {
    if (asset !== null) return (await commands.load<AssetState>(`asset-${asset}`)).state.name;
    const { state } = await commands.load<SiteState>(`site-${site}`);
    return (place !== null && state.places[place]?.name) || state.fields.name;
  }

  /** Begins the task of a request that is somebody's. False where it is nobody's. */
  async function began(id: string, repair: RepairState, { ofRepair, correlationId }: { ofRepair: readonly RecordedEvent[]; correlationId: string }) {
    const { assignee, deadline, priority } = toldByRepair(repair);
    if (assignee === null) return false;
    const by = ofRepair.findLast(({ type }) => type === 'RepairAssigned')?.metadata.actor ?? '';
    const maker = isUuid(by) ? by : assignee;
    const data = { repair: id, title: `Repair: ${await nameOf(repair)}`, maker, userId: assignee, deadline, priority };
    await command({ type: 'StartRepairTask', stream: `task-${taskOfRepair(id)}`, data }, NO_STREAM, correlationId);
    return true;
  }

  /** One look, and one command. False where they are in step, or where nothing can bring them there. */
  async function look(id: string, correlationId: string): Promise<boolean> {
    const streams = { repair: `repair-${id}`, task: `task-${taskOfRepair(id)}` };
    const [ofRepair, ofTask] = [await eventsOf(streams.repair), await eventsOf(streams.task)];
    if (!ofRepair || !ofTask) return false;
    const both = compared(ofRepair, ofTask);
    if (!both.task.exists) return began(id, both.repair, { ofRepair, correlationId });
    return brought({ id, both, revisions: { repair: lastOf(ofRepair), task: lastOf(ofTask) }, correlationId });
  }

  /** Commands the one of both that is behind. False where none is. */
  async function brought(at: Looked): Promise<boolean> {
    const { byTask, byRepair } = at.both;
    const [field] = byTask;
    if (field) await followTask(field, at);
    else if (byRepair.length > 0) await followRepair(byRepair, at);
    return field !== undefined || byRepair.length > 0;
  }

  /** Has the request follow its task, or the task its request where that does not. */
  async function followTask(field: ToldField, at: Looked): Promise<void> {
    const outcome = await command({ stream: `repair-${at.id}`, ...followOf(field, at.both) }, at.revisions.repair, at.correlationId);
    if (outcome === 'refused' || outcome === 'unchanged') await followRepair([field], at);
  }

  async function followRepair(fields: readonly ToldField[], { id, both, revisions, correlationId }: Looked): Promise<void> {
    const to = { type: 'FollowRepair', stream: `task-${taskOfRepair(id)}`, data: toldIn(fields, both) };
    await command(to, revisions.task, correlationId);
  }

  return async (repair, correlationId) => {
    for (let looks = 0; looks < MOST_LOOKS; looks++) if (!(await look(repair, correlationId))) return;
    throw new NotInStepYet(`the repair request ${repair} and its task were changed all the time`);
  };
}

const lastOf = (events: readonly RecordedEvent[]) => events.at(-1)?.revision ?? NO_STREAM;

/** What the request tells in these fields. */
function toldIn(fields: readonly ToldField[], { repair }: ComparedTelling): object {
  const told = toldByRepair(repair);
  return Object.fromEntries(fields.map((field) => [field, told[field]]));
}

/** How it went with a command that was not carried out. Throws what passes, and what is not known. */
function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof ProblemError)) throw error;
  if (error.cause instanceof UnknownEvent) throw error.cause;
  if (error.status === 412 || (error.code === 'conflict' && 'Retry-After' in error.headers)) return 'meanwhile';
  if (error.code === 'unavailable' || error.code === 'internal' || error.code === 'limited') throw error;
  return 'refused';
}

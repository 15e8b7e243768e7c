/**
 * Recording of the notifications that a policy asks for, each on its own stream; for a role, one for everybody who had it, or had it at the site, right
 * after the event.
 */
import { eventContract } from '../contracts/catalog.ts';
import type { NewEvent, Position, RecordedEvent } from '../contracts/message.ts';
import { type NotificationEvent, notificationTopics } from '../contracts/notification.ts';
import { CHOOSABLE } from '../contracts/notification-choices.ts';
import { type Kind, kinds } from '../contracts/notifications/kinds.ts';
import type { Role } from '../contracts/role.ts';
import { mayReadTask, type TaskParties } from '../contracts/task.ts';
import { appendOnce } from '../platform/event-store/append-once.ts';
import { BeginningGone } from '../platform/event-store/beginning.ts';
import { isUndecidable } from '../platform/followers/release-known.ts';
import { eventId, stableId } from '../platform/stable-id.ts';
import { type HoldersAsOfContext, holdersAsOf } from '../projections/holders-as-of.ts';
import type { Sought } from '../projections/projectors/role-holders.ts';
import { channelsAsOf } from './choices-as-of.ts';
import type { RoleRecipient, Wanted, WantedOfRole } from './wanted.ts';

/**
 * Records the notifications that an event asks for, once, however often it is called. `task`: the one that they are about, as it was right after the
 * event; missing where they are about none, or concern its people alone. Errors: those of the store, and for a role of HoldersAsOf; UnknownEvent and
 * BeginningGone of a recipient who is not wholly known, once those of all others are recorded, UnknownEvent before the other.
 */
export type Recording = (event: RecordedEvent, wanted: readonly (Wanted | WantedOfRole)[], task?: TaskParties) => Promise<void>;

export interface RecordingContext extends HoldersAsOfContext {
  /** True where users of a role may read every task (TASK_VISIBILITY). */
  seesAll(role: Role): boolean;
}

/** The number of notifications of one event that are recorded at once. */
const AT_ONCE = 16;

/** Opens the recording of a policy. Holders of a role are recorded page by page; a repeat after an error finds those that are recorded already. */
export function openRecording(policy: string, context: RecordingContext): Recording {
  const { store, seesAll } = context;
  const holders = holdersAsOf(context);
  const channels = channelsAsOf(store);

  /**
   * The notifications of those who may be told, on the channels that their users had chosen right after the event. Who has chosen nothing is told as the
   * policy says.
   */
  async function asChosen({ position }: RecordedEvent, wanted: readonly Wanted[], { task, undecided }: Telling): Promise<Wanted[]> {
    const chosenBy = async (one: Wanted) => ((await isForReader(one, position, task)) ? onChannels(one, position) : []);
    const orUndecided = (error: unknown) => {
      if (!isUndecidable(error)) throw error;
      undecided.push(error);
      return [];
    };
    const chosen = (await Promise.all(wanted.map((one) => chosenBy(one).catch(orUndecided)))).flat();
    return [...new Map(chosen.map((one) => [`${recipientKey(one.recipient)} ${one.kind} ${one.channel}`, one])).values()];
  }

  async function onChannels(one: Wanted, position: string): Promise<Wanted[]> {
    const { kind, recipient } = one;
    if (recipient.userId === undefined || !CHOOSABLE.includes(kind)) return [one];
    const wants = await channels.of(recipient.userId, kind, position);
    return wants ? wants.map((channel) => ({ ...one, channel }) as Wanted) : [one];
  }

  /** False for a notification of a task whose recipient could not read it right after the event. */
  async function isForReader({ kind, recipient: { userId } }: Wanted, position: string, task: TaskParties | undefined): Promise<boolean> {
    if (!task || userId === undefined || !kinds[kind].toReaders) return true;
    const role = await channels.roleOf(userId, position);
    return role !== null && mayReadTask({ id: userId, seesAll: seesAll(role) }, task);
  }

  /** Records what can be decided on, and notes recipients who are not wholly known. */
  async function recordAll(event: RecordedEvent, wanted: readonly Wanted[], telling: Telling): Promise<void> {
    for (let from = 0; from < wanted.length; from += AT_ONCE)
      await Promise.all((await asChosen(event, wanted.slice(from, from + AT_ONCE), telling)).map((data) => recordOne(event, data)));
  }

  /** Records a notification on a stream named by (event, recipient, channel, kind), so that a repeat finds it there (invariant 11). */
  async function recordOne(event: RecordedEvent, data: Wanted): Promise<void> {
    const stream = `notification-${stableId(event.id, recipientKey(data.recipient), data.channel, data.kind)}`;
    await appendOnce(store, stream, envelopes(stream, policy, event, data));
  }

  /** Everybody who had the role, and at a site where nobody had it, the admins: in pages. */
  async function* holdersOrAdmins({ role, site }: RoleRecipient, position: Position): AsyncGenerator<string[]> {
    let isAnybodyThere = false;
    for await (const userIds of holders({ role, site } as Sought, position)) {
      isAnybodyThere = true;
      yield userIds;
    }
    if (site !== undefined && !isAnybodyThere) yield* holders({ role: 'admin' }, position);
  }

  /** Records what a role is told. `toldOf`: the kinds by the users who are told of them, to which those of this role are added. */
  async function recordRole(event: RecordedEvent, { recipient, ...rest }: WantedOfRole, { undecided, toldOf }: TellingRoles): Promise<void> {
    for await (const userIds of holdersOrAdmins(recipient, event.position)) {
      const told = userIds.filter((userId) => userId !== recipient.except && (toldOf.get(userId) ?? rest.kind) === rest.kind);
      for (const userId of told) toldOf.set(userId, rest.kind);
      await recordAll(
        event,
        told.map((userId) => ({ ...rest, recipient: { userId } })),
        { undecided },
      );
    }
  }

  return async (event, wanted, task) => {
    const undecided: Error[] = [];
    const named = wanted.filter((one): one is Wanted => !isOfRole(one));
    await recordAll(event, named, { task, undecided });
    const toldOf = new Map(named.flatMap(({ recipient: { userId }, kind }) => (userId === undefined ? [] : [[userId, kind]])));
    for (const one of wanted.filter(isOfRole)) await recordRole(event, one, { undecided, toldOf });
    // A newer release knows what this one does not; what was taken away stays so, and is no reason to wait.
    const [first] = undecided.toSorted((a, b) => Number(a instanceof BeginningGone) - Number(b instanceof BeginningGone));
    if (first) throw first;
  };
}

/** The task that notifications are about, and the place for what is not known of their recipients. */
interface Telling {
  task?: TaskParties | undefined;
  undecided: Error[];
}

/** The kinds of which users are told, by user, and the place for what is not known of them. */
interface TellingRoles {
  toldOf: Map<string, Kind>;
  undecided: Error[];
}

function isOfRole(wanted: Wanted | WantedOfRole): wanted is WantedOfRole {
  return 'role' in wanted.recipient;
}

/** The events of a new notification. An item of the inbox is in it once it is recorded as sent. */
function decided(data: Wanted, { metadata }: RecordedEvent): NotificationEvent[] {
  const requested: NotificationEvent = { type: 'NotificationRequested', data: { causedBy: metadata.actor, ...data } };
  return data.channel === 'in-app' ? [requested, { type: 'NotificationSent', data: { attempt: 1 } }] : [requested];
}

function recipientKey({ userId, address, phone }: Wanted['recipient']): string {
  return userId ?? address?.toLowerCase() ?? phone ?? '';
}

function envelopes(stream: string, policy: string, cause: RecordedEvent, data: Wanted): NewEvent[] {
  const commandId = stableId(stream, cause.id);
  const { $correlationId, traceparent } = cause.metadata;
  return decided(data, cause).map((event, index) => ({
    id: eventId(commandId, stream, index),
    ...event,
    metadata: {
      $correlationId,
      $causationId: cause.id,
      commandId,
      actor: `policy:${policy}`,
      schema: eventContract(event.type)?.version ?? 1,
      ...(traceparent ? { traceparent } : {}),
      topics: notificationTopics(data.recipient.userId),
    },
  }));
}

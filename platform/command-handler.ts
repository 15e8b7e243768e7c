/**
 * The port through which every part commands: a command goes in, its outcome comes out. The write side implements it.
 *
 *     const { revision, position } = await commands.handle({ type: 'CommentTask', stream, id, data, commandId, actor, now }, { correlationId });
 */
import type { Command } from '../contracts/aggregate.ts';
import type { UnknownEvent } from '../contracts/catalog.ts';
import type { BeginningGone } from './event-store/beginning.ts';

/** A value that one aggregate at a time may have. */
export interface UniqueValue {
  /** Names the kind of value, as `email`. */
  kind: string;
  /** Normalised so that equal values are equal text. */
  value: string;
  /** The field of a command's body that has it; default: the kind. */
  field?: string;
  /** What people call it; default: the kind. */
  called?: string;
  /** Other texts of the same value, under which earlier releases reserved it. */
  before?: readonly string[];
  /** True where a claim closes the aggregate that has the value (by the events of its `abandon`), instead of being refused. */
  takesOver?: true;
}

/** An aggregate as the store has it. */
export interface Loaded<State> {
  state: State;
  /** NO_STREAM where there is none. */
  revision: number;
  /** Position of the last event; START where there is none. */
  position: string;
  /**
   * The first of the stream's events that this release does not know; or that its beginning is gone. The state is then incomplete: what the known events
   * say (nothing, without a beginning), and not to decide on.
   */
  missing?: UnknownEvent | BeginningGone;
  /** True where an operator of the event store deleted the stream for good: the state is that before the first event, and there will be none. */
  gone?: true;
}

/** The outcome of a command that was not refused. */
export interface Outcome {
  /** Revision of the stream after the command (that of its own last event, for a repeat). */
  revision: number;
  /** Position of the command's last event; where it changed nothing, of the stream's last event. */
  position: string;
  /** False where the command recorded no event; true for a repeat of one that did. */
  changed: boolean;
}

/** The circumstances of a command: the request that it comes with, and the revisions it is meant for. */
export interface CommandContext {
  correlationId: string;
  /** Keyed hash of the body as sent: a repeat must come with the same one. */
  bodyHash?: string;
  traceparent?: string;
  /** Called once the command is known to be no repeat, before it is decided; an error that it rejects with is the answer. */
  admit?(): Promise<void>;
  /** The revisions that the caller has seen, from If-Match. */
  ifMatch?: readonly number[];
}

/** The handler of all commands, made by `commandHandler` in write-side/handle-command.ts; any part may use it. */
export interface CommandHandler {
  /** Carries out a command: loads, decides, appends, answers. Rejects with ProblemError for a refusal. */
  handle(command: Command, context: CommandContext): Promise<Outcome>;
  /** The state of any aggregate's stream, as new as the store's. */
  load<State>(stream: string): Promise<Loaded<State>>;
  /** The id of the aggregate that holds a unique value; null where none does. */
  holder(value: UniqueValue): Promise<string | null>;
}

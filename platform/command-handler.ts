/**
 * The port through which every part commands: a command goes in, what it did comes out. The write side implements it.
 *
 *     const { revision, position } = await commands.handle({ type: 'CommentTask', stream, id, data, commandId, actor, now }, { correlationId });
 */
import type { Command } from '../contracts/aggregate.ts';

/** A value that one aggregate at a time may have. */
export interface UniqueValue {
  /** Names the kind of value, as `email`. */
  kind: string;
  /** Normalised so that equal values are equal text. */
  value: string;
}

/** An aggregate as the store has it. */
export interface Loaded<State> {
  state: State;
  /** NO_STREAM where there is none. */
  revision: number;
  /** Position of the last event; START where there is none. */
  position: string;
}

/** What a command did. */
export interface Outcome {
  /** Revision of the stream after the command (that of its own last event, for a repeat). */
  revision: number;
  /** Position of the last forwardable event of it. */
  position: string;
  /** False where nothing changed. */
  changed: boolean;
}

/** What comes with a command from outside: who repeats what, and which revision it is meant for. */
export interface CommandContext {
  correlationId: string;
  /** Keyed hash of the body as sent. */
  bodyHash?: string;
  traceparent?: string;
  /** Asked once it is known to be no repeat, before it is decided; what it rejects with is the answer. */
  admit?(): Promise<void>;
  /** From If-Match: the revisions the caller has seen. */
  ifMatch?: readonly number[];
}

/** Loads and decides. Made by `commandHandler` in handle-command.ts; any part may use it. */
export interface CommandHandler {
  /** Numbered steps: load, decide, append, answer. Rejects with ProblemError for a refusal. */
  handle(command: Command, context: CommandContext): Promise<Outcome>;
  /** State of any stream, as new as the store. */
  load<State>(stream: string): Promise<Loaded<State>>;
  /** Who holds a unique value: the id of the aggregate, or null. */
  holder(value: UniqueValue): Promise<string | null>;
}

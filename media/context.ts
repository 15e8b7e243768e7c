/** The things that every piece of the part `media` finds in its process. */
import type { Logger } from 'pino';
import type { Role } from '../contracts/role.ts';
import type { WhileStarting } from '../platform/absences/while-starting.ts';
import type { Cache } from '../platform/cache/cache.ts';
import type { CommandHandler } from '../platform/command-handler.ts';
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import type { Files } from '../platform/files/files.ts';
import type { Limits } from '../platform/http/limits/limits.ts';
import type { Metrics } from '../platform/http/metrics.ts';
import type { Caller } from '../platform/http/route.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import type { KeptKeys } from './access/url-keys.ts';

/** What an operator sets of files. */
export interface MediaSettings {
  /** The folder into which uploads are written before they are known to be good, in a folder of this process's own. Only this user may read it; the part makes it. */
  spool: string;
  /** Bytes of a file at most. */
  mostBytes: number;
  /** Bytes of the files of one user, and of all, at most. */
  bytesOfUser: number;
  bytesOfAll: number;
  /** The scanner of files, as `openScanner` takes it; undefined: none. */
  scan: string | undefined;
  /** Days after which a file that belongs to nothing or to what was deleted, or was refused, is deleted. */
  orphanDays: number;
  /** The origin that files have of their own; undefined: that of the pages. */
  publicOrigin: string | undefined;
  /** True where the bytes of pictures as uploaded are kept. */
  keepOriginal: boolean;
}

export interface MediaContext {
  store: EventStore;
  bus: EventBus;
  readModels: ReadModels;
  cache: Cache;
  files: Files;
  commands: CommandHandler;
  /** The store of secrets, for the keys of addresses. */
  secrets: KeptKeys;
  /** The caller of verified claims. Error: ProblemError `unauthorized`. */
  callerOf(claims: unknown): Promise<Caller>;
  /** True where users of a role may read every task. */
  seesAll(role: Role): boolean;
  limits: Limits;
  /** The keyed hash of a text, with the installation's key. */
  hmac(text: string): string;
  log: Logger;
  metrics: Metrics;
  settings: MediaSettings;
  /** The address of the pages. */
  publicUrl(): string;
  /** The patience of the start. */
  whileStarting?: WhileStarting;
  /** Remembers how something that was just opened is closed at the end of the process, the last opened first; returns the thing. */
  add<T>(opened: T, close: (it: T) => unknown): T;
}

/**
 * The port to the bytes of files: whole objects under keys, in a folder or in an S3 bucket. What they mean is recorded in events; here are bytes alone.
 *
 *     await files.put('media/0b9f…/original', { path: '/data/spool/x', bytes: 2_812_331, type: 'image/jpeg' });
 *     const { stream, bytes } = await files.read('media/0b9f…/320');
 */
import type { Readable } from 'node:stream';
import { Unavailable } from '../absences/unavailable.ts';

/** The file store by the name that absences have of it. */
export const FILES = 'the file store';

/** An object as the store has it. */
export interface StoredFile {
  key: string;
  bytes: number;
  /** When it was written: milliseconds since 1970, by the store's clock. */
  written: number;
}

/** Bytes of an object, both ends inclusive, from 0. */
export interface ByteRange {
  from: number;
  to: number;
}

/** How a client may fetch an object itself, for a while. */
export interface DirectGet {
  /** When the URL begins to be good, and for how many seconds it is: one of the same time, and all else the same, is the same to the letter. */
  from: Date;
  seconds: number;
  /** The Content-Type, Content-Disposition and Cache-Control that the store answers with; all are signed. */
  type: string;
  disposition: string;
  cacheControl: string;
}

/** A form that a client posts an object with, itself. */
export interface DirectPost {
  url: string;
  /** The fields of the form, which come before the field `file`. */
  fields: Readonly<Record<string, string>>;
}

/** Hears the name of an object that is passed, since it is none of ours. */
export type OnForeignFile = (name: string) => void;

export interface Files {
  /**
   * Stores a local file under a key that has none yet; durable when it resolves, whole or not at all. A repeat with the same bytes is no error.
   * `move`: the local file may be used up. `sha256` of its bytes, in hexadecimal, where it is known: a store that checks what it gets is spared the
   * reading for it. Errors: FilesUnavailable; FileExists where the key has other bytes.
   */
  put(key: string, from: { path: string; bytes: number; type: string; sha256?: string; move?: boolean }, signal?: AbortSignal): Promise<void>;
  /** The bytes of an object, or of a part of it. A range may end behind the last byte. Errors: FileMissing, FilesUnavailable, RangeError where no byte is in the range. The stream fails where the store goes away meanwhile. */
  read(key: string, range?: ByteRange, signal?: AbortSignal): Promise<{ stream: Readable; bytes: number }>;
  /** The size of an object; undefined where there is none. Error: FilesUnavailable. */
  stat(key: string): Promise<StoredFile | undefined>;
  /** Removes an object; none there is no error. Error: FilesUnavailable. */
  remove(key: string): Promise<void>;
  /** All objects whose key begins with a text, in the order of their keys, in bounded memory; what others put there, under names that are no keys, is passed. Error: FilesUnavailable. */
  list(prefix: string): AsyncIterable<StoredFile>;
  /** A URL at which the store itself answers a client. Missing where it answers none, and we do. */
  directGet?(key: string, how: DirectGet): Promise<string>;
  /** A form by which a client stores an object of this type and exactly so many bytes itself, where it begins within so many seconds. Missing where the store takes none. */
  directPost?(key: string, how: { seconds: number; type: string; bytes: number }): Promise<DirectPost>;
  /** What the store lost or left half on the way, for `media verify`: as uploads in parts that never ended. Removes what is older than so many milliseconds. */
  sweep(olderThan: number): Promise<number>;
  close(): Promise<void>;
}

/** There is no object under this key. */
export class FileMissing extends Error {
  override readonly name = 'FileMissing';
  constructor(key: string) {
    super(`there is no file ${key}`);
  }
}

/** The key has an object with other bytes. */
export class FileExists extends Error {
  override readonly name = 'FileExists';
  constructor(key: string) {
    super(`there is another file ${key} already`);
  }
}

/** The file store cannot take or give bytes now: it is away, or full. */
export class FilesUnavailable extends Unavailable {
  override readonly name = 'FilesUnavailable';
  readonly dependency = FILES;
  readonly answer = 'Files cannot be stored or read right now. Try again.';
}

/** The refusal of a file for what it is, wherever that is found out: the same words go to who uploaded it. */
import type { MediaRefusal } from '../contracts/media.ts';

/** A file that is not taken, and what to do, in words; as children tell it. */
export interface NotTaken {
  rule: MediaRefusal;
  detail: string;
}

/** Thrown by whatever looks at a file that it does not take. The message says what to do. */
export class FileRefused extends Error {
  override readonly name = 'FileRefused';
  readonly rule: MediaRefusal;
  constructor(rule: MediaRefusal, detail: string) {
    super(detail);
    this.rule = rule;
  }
}

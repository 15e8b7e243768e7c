/** The words between the child that looks at a file and the process that asks. */
import { FileRefused } from '../../file-refused.ts';

/** The file whose turn it is. */
export interface Question {
  /** The local file. */
  path: string;
  /** The end of its name in lower case, without the dot; empty where it has none. */
  extension: string;
  /** True where the first bytes of an archive are somewhere in it; left out where nobody has sought them yet. */
  hasMarks?: boolean | undefined;
}

/** A file that is good: its type, the extension that it gets where it has none, and of a picture its size as one looks at it. */
export interface Found {
  type: string;
  extension: string;
  width?: number;
  height?: number;
}

/** The refusal of a file whose bytes end too early, or contradict each other. */
export function damagedFile(what: string): FileRefused {
  return new FileRefused('damaged', `The file is damaged: ${what}. Save it again, and upload that.`);
}

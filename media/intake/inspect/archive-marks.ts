/** The first bytes of archives, which their readers find behind other bytes, too; sought while a file arrives, so that nobody reads it again for them. */

const marks = (...all: readonly string[]) => all.map((text) => Buffer.from(text, 'latin1'));

/** Of RAR, 7-Zip and cabinets: also of an office file no part, and nothing between or behind its parts, has them. */
export const MARKS_IN_ZIPS: readonly Buffer[] = marks('Rar!\x1a\x07', '7z\xbc\xaf\x27\x1c', 'MSCF\0\0\0\0');

/** Those, and of the end of a ZIP, which each office file has. */
export const ARCHIVE_MARKS: readonly Buffer[] = [...MARKS_IN_ZIPS, ...marks('PK\x05\x06\0\0\0\0')];

/** Bytes of a mark that may be in the piece before. */
const OVERLAP = Math.max(...ARCHIVE_MARKS.map(({ length }) => length)) - 1;

export interface MarkSearch {
  /** Looks through the next piece, of which nothing is kept but a copy of its last bytes. */
  add(piece: Buffer): void;
  /** True where any mark was in the pieces so far, or across two. */
  found(): boolean;
}

/** Makes a search through the pieces of a file. */
export function newMarkSearch(): MarkSearch {
  let before: Buffer = Buffer.alloc(0);
  let isFound = false;
  const isIn = (bytes: Buffer) => ARCHIVE_MARKS.some((mark) => bytes.includes(mark));
  return {
    add: (piece) => {
      isFound ||= isIn(piece) || isIn(Buffer.concat([before, piece.subarray(0, OVERLAP)]));
      before = Buffer.concat([before, piece.subarray(-OVERLAP)]).subarray(-OVERLAP);
    },
    found: () => isFound,
  };
}

/** The document of a person as text, section after section, so that memory is bounded however much there is. */
import type { Position } from '../../contracts/message.ts';
import { type ExportProfile, SECTION_NAMES } from '../../contracts/person-export.ts';
import type { PersonSource } from '../../platform/person-source.ts';

/** Characters that are gathered before they are sent. */
const PIECE = 32_768;

export interface ExportOf {
  profile: ExportProfile;
  sources: readonly PersonSource[];
  /** ISO 8601, UTC. */
  exportedAt: string;
}

/** Makes sure that each source has all up to a position. Errors: ProblemError `unavailable`; those of the stores. */
export async function expectAllWhole(sources: readonly PersonSource[], at: Position): Promise<void> {
  await Promise.all(sources.map((source) => source.expectWhole?.(at)));
}

/** The document in pieces of text. Its last member says that it is whole: after an error there is none. */
export async function* piecesOf(of: ExportOf): AsyncGenerator<string> {
  let piece = '';
  for await (const text of textsOf(of)) {
    piece += text;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

async function* textsOf({ profile, sources, exportedAt }: ExportOf): AsyncGenerator<string> {
  const { id } = profile;
  const head = { format: 'taskledger person export', version: 1, exportedAt, profile };
  yield JSON.stringify(head).slice(0, -1);
  for (const name of SECTION_NAMES) {
    yield `,\n"${name}":[`;
    let between = '\n';
    for (const source of sources.filter(({ section }) => section === name)) {
      for await (const item of source.items(id)) {
        yield `${between}${JSON.stringify(item)}`;
        between = ',\n';
      }
    }
    yield ']';
  }
  yield ',\n"complete":true}\n';
}

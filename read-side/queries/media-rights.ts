/** Who may see a file in an answer: decided by what its thing is now, as the read models have it. */
import { FILES_OF, type MediaKind, mayReadFile } from '../../contracts/media.ts';
import { idOf } from '../../contracts/message.ts';
import type { Caller, RouteRequest } from '../../platform/http/route.ts';
import type { Stored } from '../../platform/read-models/read-models.ts';
import type { AnyProjector } from '../../projections/projector.ts';
import type { MediaDocument } from '../../projections/projectors/media.ts';
import { mainProjector } from '../../projections/projectors.ts';
import { type QueryContext, reading } from '../reading.ts';

/** The read model of the things of a kind: its documents have what `FILES_OF` asks of their states. */
const modelOf = (kind: MediaKind): AnyProjector => mainProjector(FILES_OF[kind].category);

/** A file with its id. */
export interface StoredFileDocument {
  id: string;
  document: MediaDocument;
}

/** Those that are there, whoever may see them. */
export function storedFiles(found: readonly Stored[]): StoredFileDocument[] {
  return found.flatMap(({ id, document }) => (document ? [{ id, document: document as MediaDocument }] : []));
}

/** Those of the files that the caller may see. Errors: those of `reading`. */
export async function visibleFiles(context: QueryContext, request: RouteRequest, caller: Caller, found: Stored[]): Promise<StoredFileDocument[]> {
  const files = storedFiles(found);
  const things = await thingsOf(context, request, files);
  return files.filter(({ document }) => mayReadFile(caller, document, things.get(document.thing)));
}

/** The states of the things of some files, by their streams; one question for each read model. */
async function thingsOf(context: QueryContext, request: RouteRequest, files: readonly StoredFileDocument[]): Promise<Map<string, object>> {
  const byModel = Map.groupBy(files, ({ document }) => modelOf(document.of.kind));
  const states = await Promise.all(
    [...byModel].map(async ([projector, some]) => {
      const streams = new Map(some.map(({ document: { thing } }) => [idOf(thing), thing]));
      const { result } = await reading(context, projector, request, ({ many }) => many([...streams.keys()]));
      return result.flatMap(({ id, document }) => (document ? [[streams.get(id) ?? '', { exists: true, ...document }] as const] : []));
    }),
  );
  return new Map(states.flat());
}

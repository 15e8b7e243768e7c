/**
 * The entries that the projections keep in the cache (invariant 14).
 *
 * A reader takes the model's state first (its position and cache generation), then asks the cache. It never gets anything older than that
 * position, because every batch is written in this order: documents, with the old checkpoint; then the cache, by the functions here;
 * then the new checkpoint. Where the cache may not have taken an entry, the model's cache generation is raised before the checkpoint is written,
 * and readers ignore every entry of the old generation.
 *
 * - Single documents are written here and nowhere else. (A reader that filled them could be overtaken: it reads the old document, the new
 *   one is cached and thrown out again, then it caches the old one.)
 * - Results of queries are kept under a counter, the generation of the topic that makes them stale. A reader that fills one reads the counter
 *   before the documents; here the counter is raised after they are written. So a result under the present counter holds every change for
 *   which the counter was raised. A counter of 0 is unknown (never raised, or lost): no result is kept under it.
 */
import type { Cache } from '../platform/cache/cache.ts';
import type { ModelState, ReadModels } from '../platform/read-models/read-models.ts';
import type { DocumentChange } from './fold.ts';
import { LIST_SECONDS, listKey } from './list-key.ts';
import type { AnyProjector, FirstPage } from './projector.ts';

/** Seconds for which a single document stays in the cache. */
const DOCUMENT_SECONDS = 3_600;
/** The most pages made ready after one batch. Where a batch touches more, they are made when somebody asks for them. */
const MOST_PAGES = 20;

export interface CachedContext {
  cache: Cache;
  readModels: ReadModels;
}

/** True where a projector's documents, or lists of them, are kept in the cache. */
export function isCached(projector: AnyProjector): boolean {
  return Boolean(projector.cacheKey ?? projector.topics);
}

/** Writes changed documents to the cache and raises the counters of their topics. Rejects where the cache may not have taken all of it. */
export async function tellCache(
  projector: AnyProjector,
  changes: readonly DocumentChange[],
  { cache }: CachedContext,
  generation: number,
): Promise<void> {
  const { cacheKey, topics } = projector;
  if (cacheKey) {
    const entries = changes.map(({ after }) => ({
      key: cacheKey(after.id),
      entry: { position: after.position, generation, value: after.document },
    }));
    await cache.set(entries, DOCUMENT_SECONDS);
  }
  if (topics) await cache.raise([...new Set(changes.flatMap(({ before, after }) => topics(before, after.document)))]);
}

/** Puts the pages that these changes touched into the cache again. Nothing depends on it: a reader makes a page that is missing. */
export async function readyPages(
  projector: AnyProjector,
  changes: readonly DocumentChange[],
  context: CachedContext,
  state: ModelState,
): Promise<void> {
  const pages = pagesOf(projector, changes);
  if (pages.length === 0 || pages.length > MOST_PAGES) return;
  const counters = await context.cache.generations(pages.map(({ topic }) => topic));
  for (const [index, { find }] of pages.entries()) {
    const counter = counters?.[index] ?? 0;
    if (counter === 0) continue;
    const value = await context.readModels.find(projector.model, state.generation, find);
    const entry = { position: state.checkpoint.position, generation: state.cacheGeneration, value };
    await context.cache.set([{ key: listKey(projector.model, find, counter), entry }], LIST_SECONDS);
  }
}

function pagesOf(projector: AnyProjector, changes: readonly DocumentChange[]): FirstPage[] {
  const pages = changes.flatMap(({ before, after }) => projector.pages?.(before, after.document) ?? []);
  return [...new Map(pages.map((page) => [page.topic, page])).values()];
}

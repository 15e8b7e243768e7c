/** The status of read models, as any process can tell it that reads them and the log, whichever process feeds them. */

import type { EventStore } from '../platform/event-store/event-store.ts';
import { holds } from '../platform/followers/checkpoint.ts';
import { BEGINNING } from '../platform/followers/checkpoint-type.ts';
import { countAfter } from '../platform/followers/count-after.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import type { AnyProjector } from './projector.ts';
import { projectors as all } from './projectors.ts';

/** The status of a read model, for operators. */
export interface ProjectionStatus {
  name: string;
  /** The position of the generation that queries read. */
  position: string;
  /** The number of events that it is behind the log, counted up to 1,000. */
  lag: number;
  generation: number;
  /** The number of parked streams. */
  parked: number;
  /** True while the model is missing, or waits for a rebuild because it is of another version or another log. */
  rebuilding: boolean;
}

const MOST_LAG = 1_000;

/** The status of every read model. */
export function projectionStatus(context: { store: EventStore; readModels: ReadModels }, projectors: readonly AnyProjector[] = all) {
  return Promise.all(projectors.map((projector) => statusOf(context, projector)));
}

async function statusOf({ store, readModels }: { store: EventStore; readModels: ReadModels }, { model }: AnyProjector): Promise<ProjectionStatus> {
  const state = await readModels.state(model);
  const checkpoint = state?.checkpoint ?? BEGINNING;
  const [lag, isOfThisLog] = await Promise.all([countAfter(store, checkpoint.position, MOST_LAG), holds(store, checkpoint)]);
  return {
    name: model.name,
    position: checkpoint.position,
    lag,
    generation: state?.generation ?? 0,
    parked: state?.parked ?? 0,
    rebuilding: state?.version !== model.version || !isOfThisLog,
  };
}

/** The names of all read models. */
export const projectionNames: readonly string[] = all.map(({ model }) => model.name);

/** A whole asset, as `GET /api/assets/:id` shows it to who works at its site. */
import { z } from 'zod';
import { assetView, downtimeView } from './asset.ts';
import { repairSummary } from './repair-view.ts';

/** A repair request in the history of its asset. */
export const repairOfAsset = repairSummary.pick({ id: true, title: true, state: true, priority: true, filedAt: true, updatedAt: true });

export const assetDetailView = assetView.extend({
  downtimes: z.array(downtimeView).describe('The last 100 downtimes, the newest first.'),
  repairs: z.array(repairOfAsset).describe('The last 100 repair requests about it, the newest first.'),
});

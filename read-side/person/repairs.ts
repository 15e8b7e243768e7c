/** What a person asked to be repaired, and what they said to requests. */
import { byOrNobody, type ExportItem } from '../../contracts/person-export.ts';
import type { RepairDetailsDocument } from '../../projections/projectors/repair-details.ts';
import type { RepairDocument } from '../../projections/projectors/repairs.ts';
import type { FoundDocument } from './documents.ts';

export function repairItem({ id, document }: FoundDocument<RepairDocument>, person: string): ExportItem<'repairs'> {
  const { seen: _, words: __, requester: ___, revision: ____, assignee, ...repair } = document;
  return { id, ...repair, assignee: byOrNobody(assignee, person) };
}

/** The words of a person in what was said to a request, in the order of their kinds. */
export function wordsToRepairs({ id: repair, document }: FoundDocument<RepairDetailsDocument>, person: string): ExportItem<'repairWords'>[] {
  const { comments, steps, costs } = document;
  const all = [
    ...comments.map((one) => ({ ...one, as: 'comment' as const })),
    ...steps.flatMap(({ by, time, reason }) => (reason === null ? [] : [{ by, time, text: reason, as: 'reason' as const }])),
    ...costs.map((one) => ({ ...one, as: 'cost' as const })),
  ];
  return all.filter(({ by }) => by === person).map(({ time, text, as }) => ({ repair, time, text, as }));
}

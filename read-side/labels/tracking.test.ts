import { describe, expect, it } from 'vitest';
import type { RepairDetailsDocument } from '../../projections/projectors/repair-details.ts';
import type { RepairDocument } from '../../projections/projectors/repairs.ts';
import { isShown } from './tracking.ts';

const repair = { requester: null, state: 'closed', filedAt: '2027-01-01T00:00:00.000Z' } as RepairDocument;
const details = { steps: [{ time: '2027-02-01T00:00:00.000Z' }] } as RepairDetailsDocument;

describe('a request that is tracked', () => {
  it('is shown for ninety days after its end, and while it has none', () => {
    expect(isShown(repair, details, '2027-05-01T00:00:00.000Z')).toBe(true);
    expect(isShown(repair, details, '2027-05-02T00:00:00.000Z')).toBe(false);
    expect(isShown({ ...repair, state: 'done' }, details, '2037-05-02T00:00:00.000Z')).toBe(true);
  });
  it('is not shown where somebody with an account filed it', () =>
    expect(isShown({ ...repair, requester: 'ann' }, details, repair.filedAt)).toBe(false));
});

/** The state of a complaint. */
import type { ComplaintEvent, ComplaintParties, ComplaintStatus } from '../../contracts/complaint.ts';

type Filed = Extract<ComplaintEvent, { type: 'ComplaintFiled' }>['data'];

export interface ComplaintState extends ComplaintParties, Pick<Filed, 'cause' | 'priority' | 'subject'> {
  exists: boolean;
  labels: readonly string[];
  status: ComplaintStatus;
  escalated: boolean;
}

export const noComplaint: ComplaintState = {
  ...{ exists: false, site: '', filedBy: null, cause: 'other', priority: 'normal', subject: '' },
  ...{ labels: [], status: 'filed', escalated: false },
};

/** The state after one more event. */
export function complaintAfter(before: ComplaintState, event: ComplaintEvent): ComplaintState {
  switch (event.type) {
    case 'ComplaintFiled': {
      const { site, filedBy, cause, priority, subject } = event.data;
      return { ...noComplaint, exists: true, site, filedBy, cause, priority, subject };
    }
    case 'ComplaintEdited':
      return { ...before, ...(event.data as Partial<ComplaintState>) };
    case 'ComplaintStatusChanged':
      return { ...before, status: event.data.to };
    case 'ComplaintReopened':
      return { ...before, status: 'in-progress', escalated: false };
    case 'ComplaintEscalated':
      return { ...before, escalated: true };
    case 'ComplaintReplied':
    case 'ComplaintNoted':
      return before;
    default:
      event satisfies never;
      return before;
  }
}

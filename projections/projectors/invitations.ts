/** Read model `invitations`: every invitation with its state. Whether an open one has ended, who reads it knows by the time. */
import type { InvitationEvent, InvitationView } from '../../contracts/invitation.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import { beginning, byStream, existing, type Folded, projector } from '../projector.ts';

/** An invitation as it is stored. `expired` only where it was taken back, or replaced, after its end. */
export type InvitationDocument = Omit<InvitationView, 'id'>;

function evolve(document: Folded<InvitationDocument>, recorded: RecordedEvent): InvitationDocument | null {
  const event = recorded as RecordedEvent & InvitationEvent;
  switch (event.type) {
    case 'InvitationMade':
      beginning(document, recorded);
      return made(recorded, event.data);
    case 'InvitationAbandoned':
      beginning(document, recorded);
      return null;
    default:
      return { ...changed(existing(document, recorded), recorded), revision: recorded.revision };
  }
}

function made({ time, metadata, revision }: RecordedEvent, data: Extract<InvitationEvent, { type: 'InvitationMade' }>['data']): InvitationDocument {
  return { ...data, status: 'open', madeAt: time, sentAt: time, madeBy: metadata.actor, userId: null, revision };
}

function changed(document: InvitationDocument, recorded: RecordedEvent): InvitationDocument {
  const event = recorded as RecordedEvent & Exclude<InvitationEvent, { type: 'InvitationMade' | 'InvitationAbandoned' }>;
  switch (event.type) {
    case 'InvitationSentAgain':
      return { ...document, until: event.data.until, sentAt: recorded.time };
    case 'InvitationWithdrawn':
      return { ...document, status: recorded.time < document.until ? 'withdrawn' : 'expired' };
    case 'InvitationAccepted':
      return { ...document, status: 'accepted', userId: event.data.userId };
    default:
      event satisfies never;
      return document;
  }
}

export const invitations = projector<InvitationDocument>({
  model: {
    name: 'invitations',
    version: 2,
    fields: { status: 'text', until: 'text', madeAt: 'text', madeBy: 'text', userId: 'text' },
    indexes: [['madeAt'], ['status', 'madeAt'], ['madeBy'], ['userId']],
  },
  events: ['InvitationMade', 'InvitationSentAgain', 'InvitationWithdrawn', 'InvitationAccepted', 'InvitationAbandoned'],
  key: byStream,
  evolve,
});

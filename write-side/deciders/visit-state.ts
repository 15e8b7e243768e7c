/** The state of a visit. */
import type { VisitEvent, VisitParties, VisitStatus } from '../../contracts/visit.ts';

export interface VisitState extends VisitParties {
  exists: boolean;
  /** The unit that is visited; null: none in particular. */
  unit: string | null;
  name: string;
  /** The licence plate; null where none was given. */
  plate: string | null;
  people: number;
  status: VisitStatus;
  /** The time in which who is expected may come (ISO 8601, UTC); empty for who was not expected. */
  from: string;
  until: string;
  /** True once the key of what says who came is destroyed. */
  erased: boolean;
}

export const noVisit: VisitState = {
  exists: false,
  site: '',
  unit: null,
  host: null,
  name: '',
  plate: null,
  people: 0,
  status: 'expected',
  from: '',
  until: '',
  erased: false,
};

type Begun = Extract<VisitEvent, { type: 'VisitorExpected' | 'VisitorWalkedIn' }>['data'];

const AFTER = {
  VisitorArrived: 'arrived',
  VisitorLeft: 'left',
  VisitorRefused: 'refused',
  VisitorMissed: 'missed',
  VisitCancelled: 'cancelled',
} as const satisfies Partial<Record<VisitEvent['type'], VisitStatus>>;

/** The state after one more event. */
export function visitAfter(state: VisitState, event: VisitEvent): VisitState {
  switch (event.type) {
    case 'VisitorExpected':
      return { ...begun(event.data), status: 'expected', from: event.data.from, until: event.data.until };
    case 'VisitorWalkedIn':
      return { ...begun(event.data), status: 'arrived' };
    case 'VisitErased':
      return { ...state, name: '', plate: null, erased: true };
    default:
      // Of a type that a later release records nothing is known here.
      return event.type in AFTER ? { ...state, status: AFTER[event.type] } : state;
  }
}

function begun({ site, unit, host, name, plate, people }: Begun): VisitState {
  return { ...noVisit, exists: true, site, unit, host, name, plate: plate ?? null, people };
}

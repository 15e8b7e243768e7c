/**
 * What is answered of an erasure: its certificate, or where it stands. Who is erased cannot log in any more, and yet may see how it goes: by a proof, a text
 * that their answer has alone.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ErasureCertificate, ErasureStatus } from '../../contracts/erasure.ts';
import type { Answer } from '../http/route.ts';
import type { ErasureList } from './erasure-list.ts';
import { type ErasureRecords, statusOf } from './erasure-record.ts';

export interface ErasureAnswers {
  /** Lists the erasure of a person, who is erased in the log; where it is listed, nothing. Errors: those of the store. */
  begin(begun: { person: string; by: string; at: string }): Promise<void>;
  /**
   * The answer: 200 with the certificate, where it is there within `patience` milliseconds; else 202 with the steps. Null where nobody asked for that
   * erasure. Errors: those of the store.
   */
  answer(person: string, patience?: number): Promise<Answer | null>;
  /** The proof of who was answered first. */
  proofOf(person: string): string;
}

export interface ErasureAnswersOptions {
  list: ErasureList;
  records: Pick<ErasureRecords, 'read'>;
  /** Hashes a text under a key of the installation. */
  hmac(text: string): string;
}

/** Milliseconds between two looks at the record. */
const LOOK = 100;

export function openErasureAnswers({ list, records, hmac }: ErasureAnswersOptions): ErasureAnswers {
  async function settled(person: string, patience: number) {
    for (const end = performance.now() + patience; ; await delay(LOOK)) {
      const state = await records.read(person);
      if (state?.certificate || performance.now() >= end) return state;
    }
  }

  return {
    begin: (begun) => list.add({ state: 'begun', ...begun }),
    answer: async (person, patience = 0) => {
      await list.readOn();
      const listed = list.get(person);
      if (!listed) return null;
      const state = await settled(person, patience);
      return state?.certificate ? certified(state.certificate) : underWay(statusOf(state, listed));
    },
    proofOf: (person) => hmac(`erasure:${person}`),
  };
}

const UNKEPT = { 'Cache-Control': 'no-store' };

function certified(certificate: ErasureCertificate): Answer {
  const name = `erasure-${certificate.person}.json`;
  return { status: 200, headers: { ...UNKEPT, 'Content-Disposition': `attachment; filename="${name}"` }, body: certificate };
}

function underWay(status: ErasureStatus): Answer {
  return { status: 202, headers: { ...UNKEPT, Location: `/api/users/${status.person}/erasure`, 'Retry-After': '5' }, body: status };
}

/** The erasing of a process: one look at the list of erasures for all of its parts, each of which adds the steps that it takes. */
import { ProblemError } from '../../contracts/problem.ts';
import { openErasureAnswers } from '../../platform/erasing/answers.ts';
import { type Erasing, type ErasureSteps, startErasing } from '../../platform/erasing/erase.ts';
import { openErasureList } from '../../platform/erasing/erasure-list.ts';
import { openErasureRecords } from '../../platform/erasing/erasure-record.ts';
import type { ErasureLead } from '../../platform/erasing/lead.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { UserErasing } from '../../write-side/erase-user.ts';
import { type RecordsBefore, removeRecordsAgain } from './destroy-again.ts';
import { emptyOlderOutbox } from './older-outbox.ts';

export interface ProcessErasing {
  /** What rows answer of erasures. */
  answers: UserErasing;
  /** Adds what a part of this process does; called before `start`. */
  add(of: { steps?: ErasureSteps; lead?: ErasureLead; forget?(): void }): void;
  /** Removes again what an older backup of the secrets brought back beside keys; resolves to the number of its people. */
  removeAgain(secrets: Pick<RecordsBefore, 'keys' | 'removing'>): Promise<number>;
  /** Empties an outbox that is older than an erasure; resolves to the number of mails and SMS that it had. */
  emptyOlder(outbox: Parameters<typeof emptyOlderOutbox>[1]): Promise<number>;
  start(): Erasing;
}

export interface ProcessErasingOptions {
  store: Pick<EventStore, 'append' | 'readStream'>;
  hmac(text: string): string;
  /** Resolves to true where the log has no clear text. */
  isSealed(): Promise<boolean>;
  log: Parameters<typeof startErasing>[0]['log'];
}

export function openProcessErasing({ store, hmac, isSealed, log }: ProcessErasingOptions): ProcessErasing {
  const list = openErasureList(store);
  const records = openErasureRecords(store);
  const answers = openErasureAnswers({ list, records, hmac });
  let steps: ErasureSteps = {};
  let lead: ErasureLead | undefined;
  const drops: (() => void)[] = [];
  return {
    answers: {
      ...answers,
      expectSealed: async () => {
        if (await isSealed()) return;
        throw new ProblemError(
          'conflict',
          'The log has events that an older release wrote in clear text, which no erasure reaches. An operator seals them first: npm start -- seal (embedded), or npm start -- migrate to new stores.',
        );
      },
    },
    add: ({ steps: more, lead: own, forget }) => {
      steps = { ...steps, ...more };
      lead ??= own;
      if (forget) drops.push(forget);
    },
    emptyOlder: (outbox) => emptyOlderOutbox({ list, records }, outbox),
    removeAgain: (secrets) => removeRecordsAgain({ list, records, ...secrets }),
    start: () =>
      startErasing({
        ...{ list, records, log, steps },
        ...(lead ? { lead } : {}),
        forgotten: () => {
          for (const drop of drops) drop();
        },
      }),
  };
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { openEventBus } from '../platform/event-bus/open.ts';
import { openReadModels } from '../platform/read-models/open.ts';
import { describeRoleRecipients, type Opened, QUEUES } from './role-recipients.suite.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };

async function open(): Promise<Opened> {
  const dataDir = await mkdtemp(join(tmpdir(), 'role-recipients-'));
  const bus = await openEventBus('memory:', { queues: QUEUES, log });
  const readModels = await openReadModels('sqlite:', { dataDir, log });
  return {
    bus,
    projecting: readModels,
    notifying: readModels,
    close: async () => {
      await bus.close();
      await readModels.close();
      await rm(dataDir, { recursive: true });
    },
  };
}

describe('on embedded stores', () => describeRoleRecipients(open, 2_500));

import { openEventBus } from '../platform/event-bus/open.ts';
import { openReadModels } from '../platform/read-models/open.ts';
import { describeWith, ferretDb, rabbitMq } from '../servers/for-tests.fixture.ts';
import { describeRoleRecipients, type Opened, QUEUES } from './role-recipients.suite.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };

async function open(): Promise<Opened> {
  const url = await ferretDb.database();
  const bus = await openEventBus(await rabbitMq.vhost(), { queues: QUEUES, log });
  const [projecting, notifying] = await Promise.all([
    openReadModels(url, { dataDir: '/nowhere', log }),
    openReadModels(url, { dataDir: '/nowhere', log }),
  ]);
  return {
    bus,
    projecting,
    notifying,
    close: async () => {
      await bus.close();
      await Promise.all([projecting.close(), notifying.close()]);
    },
  };
}

describeWith([ferretDb, rabbitMq], 'on RabbitMQ and MongoDB', () => describeRoleRecipients(open, 1_200));

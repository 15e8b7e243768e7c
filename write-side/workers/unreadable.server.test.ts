import { openEventBus } from '../../platform/event-bus/open.ts';
import { describeWith, rabbitMq } from '../../servers/for-tests.fixture.ts';
import { SILENT } from '../../system/open-log.fixture.ts';
import { RIG_QUEUES } from '../../system/order-rig.fixture.ts';
import { describeUnreadable } from './unreadable.suite.ts';

describeWith(rabbitMq, 'RabbitMQ', () => {
  describeUnreadable('RabbitMQ', async () => openEventBus(await rabbitMq.vhost(), { queues: RIG_QUEUES, log: SILENT }));
});

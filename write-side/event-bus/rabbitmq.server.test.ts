import { describeWith, rabbitMq } from '../../servers/for-tests.ts';
import { describeEventBus } from './event-bus.suite.ts';
import { openRabbitMqBus } from './rabbitmq.ts';

const log = { info: () => {}, warn: () => {} };

describeWith(rabbitMq, 'RabbitMQ', () => {
  describeEventBus('the event bus on RabbitMQ', async () => openRabbitMqBus(await rabbitMq.vhost(), { log, steps: [10, 20] }));
});

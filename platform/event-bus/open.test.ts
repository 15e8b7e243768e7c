import { expect, it } from 'vitest';
import { outsideBroker } from './open.ts';

it.each([
  [
    'amqp://user:secret@rabbitmq:5673/tasks',
    'https://tasks.example.org/here',
    { host: 'tasks.example.org:5673', protocol: 'amqp', pathname: '/tasks' },
  ],
  ['amqp://rabbitmq', 'http://localhost:8080', { host: 'localhost:5672', protocol: 'amqp', pathname: '/' }],
  ['amqps://rabbitmq/%2F', 'http://[::1]:3000', { host: '[::1]:5671', protocol: 'amqps', pathname: '/%2F' }],
  ['memory:', 'https://tasks.example.org', null],
])('the bus at %s is, for services outside of %s, on its host and named without a password', (url, publicUrl, broker) => {
  expect(outsideBroker(url, publicUrl)).toEqual(broker);
});

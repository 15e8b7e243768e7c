import { expect, it } from 'vitest';
import { openMetrics } from './metrics.ts';

it('a gauge that fails, or whose server does not answer, has no value and keeps nobody from the others', { timeout: 60_000 }, async () => {
  const metrics = openMetrics();
  metrics.gauge('broken', 'Fails.', () => Promise.reject(new Error('it is away')));
  metrics.gauge('silent', 'Never answers.', () => new Promise(() => {}));
  metrics.gauge('well', 'Answers.', () => ({ all: 7 }));
  const text = await metrics.registry.metrics();
  expect(text).toContain('taskledger_well{name="all"} 7');
  expect(text).not.toMatch(/^taskledger_(broken|silent)\{/m);
});

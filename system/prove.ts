/** `npm run faults [-- name…]`: runs the programme, or these rows of it, one after the other; says in the end what held. Ends with code 1 where one did not. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { PROGRAMME, type Proof } from './programme.ts';

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url));
const VITEST = 'node_modules/vitest/vitest.mjs';

const names = process.argv.slice(2);
const unknown = names.filter((name) => PROGRAMME.every((one) => one.name !== name));
if (unknown.length > 0) {
  process.stderr.write(`no such row: ${unknown.join(', ')}; there are ${PROGRAMME.map(({ name }) => name).join(', ')}\n`);
  process.exit(1);
}

const results: string[] = [];
for (const proof of PROGRAMME.filter(({ name }) => names.length === 0 || names.includes(name))) {
  const begun = performance.now();
  const code = await prove(proof);
  if (code !== 0) process.exitCode = 1;
  results.push(`${proof.name}: ${code === 0 ? 'held' : 'did not hold'}, ${Math.round((performance.now() - begun) / 60_000)} min`);
  process.stdout.write(`${results.at(-1)}\n`);
}
process.stdout.write(`\n${results.join('\n')}\n`);

async function prove({ env, run }: Proof): Promise<number> {
  const args = 'script' in run ? [run.script] : [VITEST, 'run', ...run.tests, ...(run.titles ? ['-t', run.titles] : [])];
  const child = spawn(process.execPath, args, { cwd: CHECKOUT, env: { ...process.env, ...env }, stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

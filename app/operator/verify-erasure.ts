/** `npm start -- verify-erasure <file>`: checks a certificate of an erasure against the stores. */
import { readFileSync } from 'node:fs';
import type { ErasureCheck } from '../../contracts/erasure.ts';
import { UserError } from '../../platform/user-error.ts';
import { commandWords, misused } from '../command-options.ts';
import type { Config } from '../config.ts';
import { asOperator } from './as-operator.ts';
import { print } from './print.ts';

/** Prints what was found, line by line, and what cannot be known. Error: `UserError` where the file is none, or where something is left. */
export async function verifyErasure(config: Config, args: string[]): Promise<void> {
  const { words } = commandWords('verify-erasure', args);
  const [file, ...more] = words;
  if (file === undefined || more.length > 0) throw misused('verify-erasure', 'it takes one file, with a certificate');
  const certificate = documentIn(file);
  let check: ErasureCheck | undefined;
  await asOperator(config, async (ask) => {
    check = await ask<ErasureCheck>('POST', '/api/admin/erasures/verify', { certificate });
  });
  if (!check) throw new UserError('The check gave no answer. Try again.');
  for (const { what, ok, found } of check.lines) print(`${ok ? 'ok ' : 'NOT'}  ${what}: ${found}`);
  print('Not known:');
  for (const one of check.notKnown) print(`  ${one}`);
  const wrong = check.lines.filter(({ ok }) => !ok).length;
  if (wrong > 0)
    throw new UserError(
      `${wrong} of ${check.lines.length} is not as the certificate says. An erasure that is under way is asked for at GET /api/users/<id>/erasure.`,
    );
}

function documentIn(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new UserError(code ? `${file} cannot be read (${code}).` : `${file} is not JSON.`, { cause });
  }
}

/**
 * Looking whether a mailed link is still good, before anybody types a password for it. It uses up nothing and changes nothing; what it tells, the link's
 * own route tells, too. Codes that are good for nothing count as tries.
 */
import { z } from 'zod';
import { CODE_PURPOSES } from '../../contracts/places.ts';
import type { Limits } from '../../platform/http/limits/limits.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { triedCode } from './code-tries.ts';
import type { Codes } from './codes.ts';
import type { Invitations } from './invitations.ts';

const checkBody = z.strictObject({
  purpose: z.enum(CODE_PURPOSES).meta({ description: 'What the link is for: the word before its code.' }),
  token: z.string().min(1, 'must not be empty').max(200),
});
const checked = z.strictObject({
  good: z.boolean().meta({ description: 'False for a link that was used already, is too old, was followed by a newer one, or is not ours.' }),
  done: z.boolean().meta({
    description: 'True where it is not good because what it was for is done: an address is confirmed, an account made, a password set.',
  }),
});

export interface LinkChecksOptions {
  codes: Pick<Codes, 'userOf' | 'isDone'>;
  invitations: Pick<Invitations, 'find'>;
  limits: Limits;
}

/** POST /api/link-checks. */
export const linkChecks: RouteWith<LinkChecksOptions> = {
  row: {
    method: 'POST',
    path: '/api/link-checks',
    always: true,
    who: 'anyone',
    summary: 'Look whether the link of a mail is still good. It stays so: nothing is used up.',
    tag: 'sessions',
    body: checkBody,
    status: 200,
    response: checked,
    example: { purpose: 'confirm', token: 'Zk0x…' },
  },
  answer: check,
};

async function check({ codes, invitations, limits }: LinkChecksOptions, { body, ip }: RouteRequest): Promise<Answer> {
  const { purpose, token } = body as z.infer<typeof checkBody>;
  const good = (): Promise<unknown> => (purpose === 'invitation' ? invitations.find(token) : codes.userOf(token, purpose));
  // Whoever has a link that was good once guesses nothing.
  const find = async () => ((await good()) !== null ? 'good' : (await codes.isDone(token, purpose)) ? 'done' : null);
  const found = await triedCode(limits, ip, find);
  return { headers: { 'Cache-Control': 'no-store' }, body: { good: found === 'good', done: found === 'done' } };
}

/** The variables of an installation that limits nobody, where few test users are the whole crowd. */
import { LIMIT_POLICIES } from '../platform/http/limits/policies.ts';

export const UNLIMITED: Readonly<Record<string, string>> = Object.fromEntries(
  Object.values(LIMIT_POLICIES).map(({ variable }) => [variable, '100000000']),
);

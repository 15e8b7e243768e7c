/** The JSON file of order rules that ORDER_RULES names. */
import { readFileSync } from 'node:fs';
import { type OrderRules, orderRules } from './order-rules.ts';

/** Reads the file of the rules. Error: one line that says what is wrong with the file, and where. */
export function readOrderRules(path: string): OrderRules {
  const result = orderRules.safeParse(parsed(path));
  if (result.success) return result.data;
  const [{ path: where = [], message = '' } = {}] = result.error.issues;
  throw new Error(`${MUST_BE}: ${where.map((part) => `/${String(part)}`).join('') || 'it'} is not valid: ${message}`);
}

const MUST_BE = 'must name a JSON file of order rules';

function parsed(path: string): unknown {
  try {
    // Editors on Windows begin a file with a byte order mark.
    return JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'this is no JSON' : `it cannot be read (${(error as { code?: string }).code})`;
    throw new Error(`${MUST_BE}: ${reason}`, { cause: error });
  }
}

/** The one line that says what is wrong with a file of rules; undefined where nothing is. */
export function orderRulesProblem(path: string): string | undefined {
  try {
    readOrderRules(path);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Names that no other try of a test has: in one system, the next try would find what the one before left. */

let tries = 0;

/** Words that no other try of a test has. */
export const ofThisTry = (words: string) => `${words} ${++tries}`;

/** Somebody whom no other try of a test knows: their name begins so. */
export function personOfThisTry(beginning: string): { name: string; email: string } {
  const name = ofThisTry(beginning);
  return { name, email: `${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '.')}@example.org` };
}

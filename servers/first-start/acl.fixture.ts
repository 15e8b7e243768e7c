/** The lines of a file of Redis' users, as words: `user`, the name, the rules. */
export const aclLines = (text: string): string[][] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.split(' '));

/**
 * Writes the blocks that follow from the code into documents and settings: `node docs/generate.ts`. With `--check` it writes nothing, names the
 * blocks that are old, and ends with 1.
 *
 * A block stands between a line that ends in `generated: <name>` and one that ends in `end of <name>`, each in a comment of its file's own kind.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BLOCKS } from './blocks.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A file's text with its blocks as they should be. Error: a block has no place in it. */
export function withBlocks(text: string, blocks: Readonly<Record<string, string>>, file: string): string {
  return Object.entries(blocks).reduce((so, [name, block]) => {
    const place = new RegExp(`^(.*\\bgenerated: ${name}\\b.*\\n)[^]*?^(.*\\bend of ${name}\\b)`, 'm');
    if (!place.test(so)) throw new Error(`${file} has no place for the block ${name}: a line "generated: ${name}" and a line "end of ${name}"`);
    return so.replace(place, (_, begin: string, end: string) => `${begin}${block.trimEnd()}\n${end}`);
  }, text);
}

/** Files whose blocks are old, each with the text it should have. */
export async function oldFiles(root = ROOT): Promise<Map<string, string>> {
  const old = new Map<string, string>();
  for (const [file, blocks] of Object.entries(BLOCKS)) {
    const made = await Promise.all(Object.entries(blocks).map(async ([name, make]) => [name, await make()] as const));
    const text = readFileSync(join(root, file), 'utf8');
    const wanted = withBlocks(text, Object.fromEntries(made), file);
    if (wanted !== text) old.set(file, wanted);
  }
  return old;
}

if (import.meta.main) {
  const old = await oldFiles();
  if (process.argv.includes('--check')) {
    for (const file of old.keys()) process.stderr.write(`${file}: a generated block is old. npm run fix writes it.\n`);
    process.exitCode = old.size > 0 ? 1 : 0;
  } else for (const [file, text] of old) writeFileSync(join(ROOT, file), text);
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { openBytes } from './bytes.ts';

const folder = mkdtempSync(join(tmpdir(), 'bytes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** As many bytes as are read at once. */
const WINDOW = 256 * 1024;

it('finds bytes wherever they are, also over the edge of what is read at once, and nothing that is not there', () => {
  const edge = fc.integer({ min: -12, max: 12 }).map((by) => WINDOW + by);
  const place = fc.oneof(
    edge,
    edge.map((at) => 2 * at),
    fc.nat(3 * WINDOW),
  );
  fc.assert(
    fc.property(place, fc.boolean(), fc.nat(20), (at, isThere, behind) => {
      const file = Buffer.alloc(at + 8 + behind, 'x');
      if (isThere) file.write('Rar!\x1a\x07', at, 'latin1');
      const path = join(folder, 'one');
      writeFileSync(path, file);
      const bytes = openBytes(path);
      try {
        const [rar, other] = [Buffer.from('Rar!\x1a\x07', 'latin1'), Buffer.from('a longer one')];
        expect([bytes.holdsAny([other, rar]), bytes.holdsAny([other]), bytes.find(rar, 0)]).toEqual([isThere, false, isThere ? at : -1]);
      } finally {
        bytes.close();
      }
    }),
    { numRuns: 60 },
  );
});

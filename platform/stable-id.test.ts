import fc from 'fast-check';
import { v5 } from 'uuid';
import { expect, it } from 'vitest';
import { stableId } from './stable-id.ts';

it('a stable id is the UUIDv5 that the library makes of the same parts', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (parts) => {
      expect(stableId(...parts)).toBe(v5(JSON.stringify(parts), 'f2b0c4a6-5d0e-5e0b-9b7a-3c1d6f8e2a10'));
    }),
  );
});

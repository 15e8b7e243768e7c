import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonFault } from './json-fault.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('the fault of a text that is no JSON', () => {
  it.each([
    ['{"a":1,}', 'line 1, column 8: there should be a name in double quotes'],
    ['{a:1}', 'line 1, column 2: there should be a name in double quotes or }'],
    ['{"a" 1}', 'line 1, column 6: there should be a colon'],
    ['{"a":}', 'line 1, column 6: there should be a value'],
    ['{\n  "a": 1\n  "b": 2\n}', 'line 3, column 3: there should be a comma or }'],
    ['[1, 2', 'line 1, column 6: it ends where there should be a comma or ]'],
    ["{'a':1}", 'line 1, column 2: there should be a name in double quotes or }'],
    ['nope', 'line 1, column 1: there should be a value'],
    ['{"a":"x\ny"}', 'line 1, column 6: there should be a value'],
    ['{} {}', 'line 1, column 4: there should be nothing more'],
    [' ', 'line 1, column 2: it ends where there should be a value'],
    ['[01]', 'line 1, column 2: there should be a value or ]'],
  ])('of %j is %s', (text, fault) => expect(jsonFault(text)).toBe(fault));

  it('is found in what the engine does not take, and in nothing else', () => {
    const almost = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '}', ']', ':', '0', '-', '\\', '\n', 'e', ' '))
      .map(([text, at, sign]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + sign + text.slice(place + (sign === '' ? 1 : 0));
      });
    fc.assert(
      fc.property(fc.oneof(fc.json(), almost, fc.string()), (text) => {
        expect(jsonFault(text) === null).toBe(isJson(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is found in a megabyte of brackets, or of one text', () => {
    expect(jsonFault('['.repeat(1_000_000))).toContain('it ends where');
    expect(jsonFault(`"${'x\\n'.repeat(300_000)}`)).toContain('column 1');
  });
});

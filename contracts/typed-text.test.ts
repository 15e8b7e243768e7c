import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalog } from './catalog.ts';
import { line } from './fields.ts';
import { taskContract } from './task.ts';
import { isSeen, typedLine, typedProse, withoutUnseen } from './typed-text.ts';
import { userContract, userName } from './user.ts';

const title = typedLine(1, 200);
const comment = typedProse(1, 10_000);
const saidOf = (schema: typeof title | typeof comment, text: string) => schema.safeParse(text).error?.issues.map(({ message }) => message);

describe('a line that was sent', () => {
  it.each([
    ['a zero-width space', '\u200b'],
    ['joiners', '\u200d\u200c\u200d'],
    ['a filler of Hangul', '\u3164'],
    ['a blank of Braille', '\u2800'],
    ['an override', '\u202e'],
    ['an isolate and its end', '\u2066\u2069'],
    ['a soft hyphen', '\u00ad'],
    ['marks of direction', '\u200e\u200f'],
    ['letters of tags', '\u{e0041}\u{e0042}'],
    ['selectors of variants', '\ufe0f\ufe0f'],
    ['an accent on nothing', '\u0301'],
    ['invisible signs of mathematics between blanks', ' \u2063 \u2061 '],
  ])('of nothing but %s is refused in words', (_what, text) => {
    expect(saidOf(title, text)?.at(-1)).toMatch(/must hold something that can be seen|must have 1 to 200 characters/);
    expect(saidOf(typedLine(0, 200), text)).toEqual(['must hold something that can be seen']);
  });

  it.each([
    ['invoice\u202egpj.exe', 'invoicegpj.exe'],
    ['\u2067admin\u2069', 'admin'],
    ['Ali\u200bce', 'Alice'],
    ['Ali\u200dce', 'Alice'],
    ['Alice\u200e', 'Alice'],
    ['Alice\u3164', 'Alice'],
    ['Donau\u00addampfer', 'Donaudampfer'],
    ['\ufeffAlice', 'Alice'],
    ['Lamp\u{e0068}\u{e0069}', 'Lamp'],
    ['a\u206fb', 'ab'],
  ])('%j is taken as %j', (text, taken) => expect(title.parse(text)).toBe(taken));

  it.each([
    ['a family', '👩\u200d👩\u200d👧\u200d👦'],
    ['a worker with a colour of skin', '👩🏽\u200d🔧'],
    ['a heart in colour', 'with ❤\ufe0f'],
    ['a key with a digit', '1\ufe0f\u20e3 first'],
    ['a couple', '👩\u200d❤\ufe0f\u200d👨'],
    ['the flag of Scotland', '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}'],
    ['Persian', 'می\u200cخواهم'],
    ['Hindi', 'क्\u200dष'],
    ['Malayalam, where the last letter needs one', 'അവന്\u200d'],
    ['Khmer, with places to break', 'ខ្ញុំ\u200bទៅ'],
    ['Hebrew with a mark behind C++', 'ספר C++\u200e חדש'],
    ['an ideograph in the variant of a name', '葛\u{e0100}城'],
    ['Mongolian', 'ᠮᠣᠩᠭᠣᠯ\u180eᠠ'],
    ['an Arabic sign before its number', '\u0600١٢'],
  ])('keeps what writing needs: %s', (_what, text) => expect(title.parse(text)).toBe(text));

  it.each(['two\u2028lines', 'two\u2029lines', 'two\nlines', 'a\u0007bell'])('%j is refused', (text) => expect(saidOf(title, text)).toHaveLength(1));

  it('shows something, turns nothing round, and is taken as it is the second time', () => {
    const sign = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      fc.constantFrom(...'\u200b\u200c\u200d\u200e\u202e\u2066\u2069\u3164\ufe0f👩é🏴\u{e0067}\u{e007f}م'),
    );
    fc.assert(
      fc.property(fc.array(sign, { maxLength: 20 }), (signs) => {
        const { data } = title.safeParse(signs.join(''));
        if (data === undefined) return;
        expect(data).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u2028\u2029\p{Cc}]/u);
        expect(isSeen(data)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('text of several lines that was sent', () => {
  it.each(['one\n\n\ttwo\r\nthree', 'a\u202bשלום\u202c b', '\u2067\u202eab\u202c\u2069\nmore', 'zero\u200bwidth', '\u200eC++'])(
    '%j is taken as it is',
    (text) => expect(comment.parse(text)).toBe(text),
  );

  it.each(['gpj.\u202eexe', '\u2066open', 'closed\u2069 twice', '\u202aa\u2067b\u202c\u2069', 'a\u202e\n\u202cb'])('%j is refused in words', (text) =>
    expect(saidOf(comment, text)).toEqual([expect.stringContaining('must close in the same line')]),
  );

  it('of which nothing is seen is refused, and blank where it may be', () => {
    expect(saidOf(comment, '\u200b\n\u2060')).toEqual(['must hold something that can be seen']);
    expect(typedProse(0, 10).safeParse('\n').success).toBe(true);
    expect(typedProse(0, 10).safeParse('').success).toBe(true);
  });
});

describe('what was stored before', () => {
  it('is read as ever: only what is sent is held to this', () => {
    const [name, hidden] = ['\u200b', 'a\u202eb'];
    const { UserCreated } = userContract.events;
    const user = { name, email: 'a@example.org', role: 'member' };
    expect(UserCreated.schema.parse(user)).toEqual(user);
    expect(userName.safeParse(name).success).toBe(false);
    const { TaskCommented } = taskContract.events;
    const said = { commentId: '9e8d7c6b-5a49-4838-8271-605f4e3d2c03', text: hidden };
    expect(TaskCommented.schema.parse(said)).toEqual(said);
    expect(taskContract.commands.CommentTask.body.safeParse({ text: hidden }).success).toBe(false);
  });

  it('and no body of a command takes a text of which nothing is seen', () => {
    const taken = catalog
      .flatMap(({ commands }) => Object.entries(commands))
      .flatMap(([type, { body, example }]) =>
        Object.entries((example ?? {}) as Record<string, unknown>)
          .filter(([, value]) => typeof value === 'string')
          .filter(([field]) => body?.safeParse({ ...(example as object), [field]: '\u200b' }).success)
          .map(([field]) => `${type}.${field}`),
      );
    // What it names depends on the notification, whose decider looks at it.
    expect(taken.filter((field) => field !== 'RetryNotification.recipient')).toEqual([]);
  });
});

it('takes nothing more out of what it has cleaned of an ordinary text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 50 }), (text) => {
      const clean = withoutUnseen(text);
      if (clean === text && text.trim() !== '' && line(1, 200).safeParse(text).success && isSeen(text))
        expect(title.safeParse(text).success).toBe(true);
    }),
  );
});

/** Where a text stops to be JSON, in words of ours: those of the engine change with its release, and repeat what was sent. */

/** What may come next. `first-…`: right behind a bracket, which may also be closed. */
type Awaited = 'value' | 'first-value' | 'first-name' | 'name' | 'colon' | 'more-values' | 'more-names' | 'end';

const WANTED: Record<Awaited, string> = {
  value: 'a value',
  'first-value': 'a value or ]',
  'first-name': 'a name in double quotes or }',
  name: 'a name in double quotes',
  colon: 'a colon',
  'more-values': 'a comma or ]',
  'more-names': 'a comma or }',
  end: 'nothing more',
};

const BLANK = /[ \t\n\r]*/y;
/** A sign of the structure; the beginning of a text; any other value. */
const SIGN = /[{}[\],:]/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON takes them in no text
const TEXT = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

interface Token {
  kind: string;
  end: number;
}

/** The place and the reason at which a text is no JSON, as `line 1, column 6: there should be a colon`; null for one that is. */
export function jsonFault(text: string): string | null {
  const open: ('{' | '[')[] = [];
  let awaited: Awaited = 'value';
  let at = matched(BLANK, text, 0) ?? 0;
  while (at < text.length) {
    const token = tokenAt(text, at);
    const next: Awaited | undefined = token && after(awaited, token.kind, open);
    if (!token || !next) return `${placeOf(text, at)}: there should be ${WANTED[awaited]}`;
    awaited = next;
    at = matched(BLANK, text, token.end) ?? token.end;
  }
  return awaited === 'end' ? null : `${placeOf(text, at)}: it ends where there should be ${WANTED[awaited]}`;
}

function tokenAt(text: string, at: number): Token | undefined {
  const sign = matched(SIGN, text, at);
  if (sign !== undefined) return { kind: text[at] ?? '', end: sign };
  const quoted = matched(TEXT, text, at);
  if (quoted !== undefined) return { kind: 'text', end: quoted };
  const scalar = matched(SCALAR, text, at);
  return scalar === undefined ? undefined : { kind: 'scalar', end: scalar };
}

function matched(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** What may come behind a token; undefined where that may not stand here. `open`: the brackets around it, which it opens and closes. */
function after(awaited: Awaited, kind: string, open: ('{' | '[')[]): Awaited | undefined {
  switch (awaited) {
    case 'value':
      return afterValue(kind, open);
    case 'first-value':
      return kind === ']' ? closed(open) : afterValue(kind, open);
    case 'first-name':
      return kind === '}' ? closed(open) : afterName(kind);
    case 'name':
      return afterName(kind);
    case 'colon':
      return kind === ':' ? 'value' : undefined;
    case 'end':
      return undefined;
    default:
      return afterItem(awaited, kind, open);
  }
}

const afterName = (kind: string): Awaited | undefined => (kind === 'text' ? 'colon' : undefined);

function afterValue(kind: string, open: ('{' | '[')[]): Awaited | undefined {
  if (kind === '{' || kind === '[') {
    open.push(kind);
    return kind === '{' ? 'first-name' : 'first-value';
  }
  return kind === 'text' || kind === 'scalar' ? within(open) : undefined;
}

function afterItem(awaited: 'more-values' | 'more-names', kind: string, open: ('{' | '[')[]): Awaited | undefined {
  const [end, next]: [string, Awaited] = awaited === 'more-values' ? [']', 'value'] : ['}', 'name'];
  if (kind === ',') return next;
  return kind === end ? closed(open) : undefined;
}

function closed(open: ('{' | '[')[]): Awaited {
  open.pop();
  return within(open);
}

function within(open: readonly ('{' | '[')[]): Awaited {
  const around = open.at(-1);
  if (around === undefined) return 'end';
  return around === '{' ? 'more-names' : 'more-values';
}

function placeOf(text: string, at: number): string {
  const before = text.slice(0, at).split('\n');
  return `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
}

/** Bodies that no client of good will sends, made for any row that takes one: of its example, with one fault. */
import { brotliCompressSync, gzipSync } from 'node:zlib';

export interface HostileBody {
  fault: string;
  body: string | Uint8Array;
  headers?: Record<string, string>;
}

type Fields = Record<string, unknown>;

const DEEP = 20_000;
const GZIPPED = { 'content-encoding': 'gzip' };
/** Some kilobytes that are 20 MB when they are unpacked. */
const BOMB = gzipSync(Buffer.alloc(20_000_000, ' '));

/** Values that stand in the place of every field. */
const VALUES: readonly (readonly [fault: string, json: string])[] = [
  ['null', 'null'],
  ['an empty array', '[]'],
  ['an array of null', '[null]'],
  ['an object', '{}'],
  ['a condition of a query language', '{"$gt":""}'],
  ['an object with a text of its own', '{"toString":"x","valueOf":"y","length":3}'],
  ['true', 'true'],
  ['a huge number', '1e400'],
  ['a number beyond exactness', '9007199254740993'],
  ['a negative zero', '-0'],
  ['a lone surrogate', '"\\ud800"'],
  ['a NUL', '"a\\u0000b"'],
  ['an empty text', '""'],
  ['blanks', '"\\u2003\\u200b\\ufeff"'],
  ['a text that turns around', '"\\u202egpj.exe"'],
  ['100,000 letters', `"${'x'.repeat(100_000)}"`],
  ['a name of objects', '"__proto__"'],
  ['a path', '"../../../../etc/passwd"'],
  ['nested arrays', `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`],
];

/** The bodies of a row with this example. */
export function hostileBodies(example: Fields): HostileBody[] {
  return [...whole(), ...inFields(example), ...keysOf(example), ...framed(example)];
}

/** The fields in JSON, with these texts of JSON for values. */
function object(fields: readonly (readonly [name: string, json: string])[]): string {
  return `{${fields.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}

/** What is no object, or no JSON. */
function whole(): HostileBody[] {
  const texts = [
    'null',
    '[]',
    '[{}]',
    '"text"',
    '7',
    'true',
    '{',
    '}',
    '{"a":',
    '{"a":1,}',
    "{'a':1}",
    '{a:1}',
    'NaN',
    '-',
    '{}{}',
    '/**/{}',
    '\u0000',
  ];
  return [
    ...texts.map((body) => ({ fault: `the text ${JSON.stringify(body)}`, body })),
    { fault: 'a BOM alone', body: '\ufeff' },
    { fault: 'blanks', body: ' \n\t ' },
    { fault: 'arrays, nested deeply', body: '['.repeat(DEEP) + ']'.repeat(DEEP) },
    { fault: 'objects, nested deeply', body: `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}` },
    { fault: 'bytes that are not UTF-8', body: new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]) },
    { fault: 'an overlong letter', body: new Uint8Array([0x22, 0xc0, 0xaf, 0x22]) },
    { fault: 'more than may be', body: `{"a":"${'x'.repeat(1_100_000)}"}` },
  ];
}

/** The same wrong value in every field. */
function inFields(example: Fields): HostileBody[] {
  const names = Object.keys(example);
  return VALUES.map(([fault, json]) => ({ fault: `${fault} in each field`, body: object(names.map((name) => [name, json])) }));
}

/** Names of fields that are too many, come twice, or are those of every object. */
function keysOf(example: Fields): HostileBody[] {
  const fields = Object.entries(example).map(([name, value]) => [name, JSON.stringify(value)] as const);
  const more = (...added: [string, string][]) => object([...fields, ...added]);
  const many = Array.from({ length: 10_000 }, (_, n): [string, string] => [`k${n}`, '1']);
  return [
    { fault: '10,000 fields more', body: more(...many) },
    { fault: 'a prototype', body: more(['__proto__', '{"role":"admin","isAdmin":true}']) },
    { fault: 'a prototype alone', body: object([['__proto__', JSON.stringify(example)]]) },
    { fault: 'a constructor', body: more(['constructor', '{"prototype":{"role":"admin"}}']) },
    { fault: 'the names of all objects', body: more(['hasOwnProperty', '1'], ['toJSON', '"x"'], ['then', '"x"']) },
    { fault: 'a role, an id and an owner', body: more(['role', '"admin"'], ['userId', '"x"'], ['id', '"x"'], ['owner', '"x"']) },
    { fault: 'every field twice, the second null', body: object([...fields, ...fields.map(([name]) => [name, 'null'] as const)]) },
    { fault: 'an empty name', body: more(['', '1']) },
    { fault: 'a lone surrogate in a name', body: more(['\ud800', '1']) },
  ];
}

/** A right body that says it is something else, or is packed, or cut. */
function framed(example: Fields): HostileBody[] {
  const body = JSON.stringify(example);
  const typed = (type: string, sent: string | Uint8Array = body) => ({ fault: `the type ${type}`, body: sent, headers: { 'content-type': type } });
  return [
    typed('text/plain'),
    typed('application/xml', '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    typed('application/x-yaml', 'a: &a [*a]'),
    typed('application/octet-stream'),
    typed('multipart/form-data; boundary=x', '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'),
    typed('multipart/form-data'),
    typed('application/x-www-form-urlencoded', 'a=1&a[b]=2&__proto__[c]=3'),
    typed('application/json; charset=utf-16', Buffer.from(body, 'utf16le')),
    typed('application/json; charset=utf-32', Buffer.from(body, 'utf16le')),
    typed('application/jsonp'),
    typed('*/*'),
    typed(';'),
    typed(`application/${'x'.repeat(4_000)}`),
    { fault: 'packed', body: gzipSync(body), headers: GZIPPED },
    { fault: 'packed, 20 MB when unpacked', body: BOMB, headers: GZIPPED },
    { fault: 'packed twice', body: gzipSync(gzipSync(body)), headers: { 'content-encoding': 'gzip, gzip' } },
    { fault: 'packed with brotli', body: brotliCompressSync(body), headers: { 'content-encoding': 'br' } },
    { fault: 'said to be packed', body, headers: GZIPPED },
    { fault: 'packed in a way that nobody knows', body, headers: { 'content-encoding': 'x-rot13' } },
    { fault: 'cut in the middle', body: body.slice(0, Math.ceil(body.length / 2)) },
    { fault: 'cut before its end', body: body.slice(0, -1) },
    { fault: 'with a BOM', body: `\ufeff${body}` },
    { fault: 'twice', body: body + body },
  ];
}

/** Files that no upload may take, by kind: made from good ones, by a seed. */
import fc from 'fast-check';
import { disc, hiddenMacros, tar } from './hidden.fixture.ts';
import { apng, chunk, docx, gif, jpeg, odt, PDF, png, webp, zip } from './pictures.fixture.ts';
import { flac, MP3_FRAME, OGG_HEAD, ogg, WEBM_HEAD, webm } from './sounds.fixture.ts';

export interface HostileFile {
  why: string;
  name: string;
  bytes: Uint8Array;
}

const GOOD: Readonly<Record<string, Buffer>> = {
  png: png(60, 40),
  jpg: jpeg(60, 40, 6),
  gif: gif(60, 40, 3),
  webp: webp(60, 40),
  pdf: PDF.subarray(0, -1),
  docx: docx(),
  odt: odt(),
};
const ENDS = [...Object.keys(GOOD), 'txt', 'csv', 'mp3', 'mp4', 'html', 'svg', 'exe', 'zip'];
const text = (value: string) => Buffer.from(value, 'latin1');
const samples = <T>(arbitrary: fc.Arbitrary<T>, count: number, seed: number): T[] => fc.sample(arbitrary, { numRuns: count, seed });
const named = (why: string, of: Readonly<Record<string, Uint8Array>>): HostileFile[] =>
  Object.entries(of).map(([name, bytes]) => ({ why: `${why}: ${name}`, name, bytes }));

/** Good files that end too early, anywhere. */
function truncated(seed: number): HostileFile[] {
  return Object.entries(GOOD).flatMap(([end, good]) =>
    samples(fc.integer({ min: 1, max: good.length - 1 }), 24, seed).map((length) => ({
      why: `${end} of ${length} of ${good.length} bytes`,
      name: `x.${end}`,
      bytes: good.subarray(0, length),
    })),
  );
}

/** Good files under the extensions of others. */
function lying(): HostileFile[] {
  return Object.entries(GOOD).flatMap(([end, bytes]) =>
    ENDS.filter((other) => other !== end).map((other) => ({ why: `${end} as ${other}`, name: `x.${other}`, bytes })),
  );
}

/** Good files with an archive behind them, or before. */
function polyglots(): HostileFile[] {
  const tails = {
    zip: zip({ 'x.txt': 'hello' }),
    'empty zip': zip({}),
    rar: text('Rar!\x1a\x07\x01\0xxxx'),
    '7z': text('7z\xbc\xaf\x27\x1c\0\x04xxxx'),
    junk: text('junk'),
  };
  const behind = Object.entries(GOOD).flatMap(([end, good]) =>
    Object.entries(tails)
      // Cameras put bytes of their own behind a picture, and editors behind a PDF.
      .filter(([kind]) => kind !== 'junk' || end === 'docx' || end === 'odt')
      .map(([kind, tail]) => ({
        why: `${kind} behind ${end}`,
        name: `x.${end}`,
        bytes: end === 'docx' || end === 'odt' ? Buffer.concat([good, tail, text('.')]) : Buffer.concat([good, tail]),
      })),
  );
  const within = Object.entries({ rar: tails.rar, '7z': tails['7z'] }).flatMap(([kind, data]) =>
    named(`${kind} in it`, { 'x.docx': docx({ 'word/media/a.png': { data, stored: true } }), 'x.odt': odt({ 'Pictures/a.png': { data } }) }),
  );
  return [
    ...behind,
    ...within,
    ...named('a tar', { 'x.pdf': tar('%PDF-1.4 x\n', '%%EOF'), 'x.flac': tar(flac().toString('latin1')) }),
    ...named('a tar of old', { 'x.pdf': tar('%PDF-1.4 x\n', '%%EOF', '') }),
    ...Object.entries({ ...GOOD, flac: flac(), webm: webm() }).flatMap(([end, good]) => named('a disc', { [`x.${end}`]: disc(good) })),
  ];
}

/** Sound and video of which only the beginning is there. */
function silent(): HostileFile[] {
  return named('no more of it', {
    'a.flac': text('fLaC\0'),
    'b.flac': flac().subarray(0, 50),
    'c.flac': flac(Buffer.alloc(6)),
    'a.ogg': OGG_HEAD,
    'b.ogg': ogg().subarray(0, -1),
    'a.webm': WEBM_HEAD,
    'b.webm': webm().subarray(0, -1),
    'c.webm': webm({ live: true }).subarray(0, -1),
    'a.mp3': Buffer.concat([MP3_FRAME.subarray(0, 4), Buffer.alloc(5_000)]),
    'b.mp3': Buffer.concat([MP3_FRAME, MP3_FRAME.subarray(0, -1)]),
  });
}

/** Pictures that say they have more pixels or frames than are taken, or none. */
function huge(seed: number): HostileFile[] {
  const edges = samples(fc.tuple(fc.integer({ min: 8_000, max: 16_383 }), fc.integer({ min: 8_000, max: 16_383 })), 20, seed);
  const many = samples(fc.integer({ min: 201, max: 3_000 }), 10, seed);
  return [
    ...edges.flatMap(([width, height]) =>
      named(`${width} × ${height}`, {
        'x.png': png(width, height),
        'x.jpg': jpeg(width, height),
        'x.gif': gif(width, height),
        'x.webp': webp(width, height),
      }),
    ),
    ...many.flatMap((frames) => named(`${frames} frames`, { 'x.png': apng(9, 9, frames), 'x.gif': gif(9, 9, frames), 'x.webp': webp(9, 9, frames) })),
    ...named('no pixels', {
      'a.png': png(0, 9),
      'a.jpg': jpeg(9, 0),
      'a.gif': gif(0, 9),
      'b.png': png(0xffffffff, 0xffffffff),
      'b.jpg': jpeg(0xffff, 0xffff),
    }),
    ...named('an edge too long', { 'x.png': png(20_000, 10), 'x.jpg': jpeg(10, 30_000) }),
    ...named('a PNG that moves', { 'x.png': apng(9, 9, 2), 'x.apng': apng(9, 9, 3) }),
    ...named('frames that are too large', { 'x.gif': gif(3_000, 2_700, 2), 'x.webp': webp(3_000, 2_700, 2) }),
    ...named('more pixels of frames than are made', { 'x.gif': gif(2_000, 2_000, 16), 'x.webp': webp(2_000, 2_000, 12) }),
    ...named('many pixels of frames', { 'x.gif': gif(4_000, 4_000, 20), 'x.png': apng(4_000, 4_000, 20) }),
    ...named('no picture in it', { 'x.png': Buffer.concat([png(9, 9).subarray(0, 33), chunk('IEND', Buffer.alloc(0))]), 'x.gif': gif(9, 9, 0) }),
  ];
}

/** Office files that would unpack to too much, run something, or hide something. */
function bombs(): HostileFile[] {
  const big = { data: Buffer.alloc(40_000_000) };
  const small = { data: text('x') };
  const entries = Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`x${index}`, '']));
  const parts: Readonly<Record<string, Parameters<typeof docx>[0]>> = {
    'a ratio of a thousand': { 'word/a.xml': big },
    'what it says is a gigabyte': { 'word/a.xml': { ...small, unpacked: 2 ** 30 } },
    'parts that together say a gigabyte': Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`word/${index}.xml`, { ...small, unpacked: 11_000_000 }]),
    ),
    'parts over each other': { 'word/a.xml': { data: Buffer.alloc(1_000) }, 'word/b.xml': { data: Buffer.alloc(1_000), over: 1 } },
    'stored, with two sizes': { 'word/a.xml': { ...small, stored: true, unpacked: 9 } },
    'more than it says': { 'word/a.xml': { ...big, unpacked: 10 } },
    'more than it says, in pieces': { 'word/a.xml': { ...big, unpacked: 300_000 } },
    'less than it says': { 'word/a.xml': { ...small, unpacked: 300_000 } },
    'ten thousand and one parts': entries,
    'a password': { 'word/a.xml': { ...small, flags: 1 } },
    macros: { 'word/vbaProject.bin': small },
    'macros of OpenDocument': { 'Basic/Standard/script.xml': small },
    ...hiddenMacros(),
    'a macro sheet': { 'xl/macrosheets/sheet1.xml': small },
    'an archive': { 'word/embeddings/x.zip': small },
    'a program': { 'word/embeddings/x.exe': small },
    'a macro document': { 'word/embeddings/x.docm': small },
    'a path outside': { '../../etc/passwd': small },
    'an absolute path': { '/etc/passwd': small },
    'a path of Windows': { 'C:\\x': small },
  };
  return [
    ...Object.entries(parts).flatMap(([why, more]) => named(why, { 'x.docx': docx(more), 'x.odt': odt(more) })),
    ...['docx', 'xlsx', 'pptx', 'odt', 'zip', 'jar', 'apk', ''].map((end) => ({
      why: `a zip as ${end}`,
      name: end ? `x.${end}` : 'x',
      bytes: zip({ 'x.txt': 'hello' }),
    })),
    ...['docm', 'docx'].map((end) => ({
      why: `macros as ${end}`,
      name: `x.${end}`,
      bytes: docx({}, 'application/vnd.ms-word.document.macroEnabled.main+xml'),
    })),
  ];
}

/** Types that are not taken, under names of their own and of others. */
function others(): HostileFile[] {
  const box = (brand: string) => Buffer.concat([Buffer.from([0, 0, 0, 20]), text(`ftyp${brand}\0\0\0\0${brand}`)]);
  const contents: Readonly<Record<string, Uint8Array>> = {
    heic: box('heic'),
    avif: box('avif'),
    svg: text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    xml: text('<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'),
    html: text('  <!-- x --> <!DOCTYPE html><script>alert(1)</script>'),
    exe: Buffer.concat([text('MZ\x90\0'), Buffer.alloc(200)]),
    elf: Buffer.concat([text('\x7fELF\x02\x01\x01\0'), Buffer.alloc(200)]),
    doc: Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(1_000)]),
    gz: Buffer.concat([Buffer.from('1f8b0800000000000003', 'hex'), Buffer.alloc(20)]),
    rar: text('Rar!\x1a\x07\x01\0xxxx'),
    bmp: Buffer.concat([text('BM'), Buffer.alloc(100)]),
    mp4: Buffer.concat([box('isom'), Buffer.from([0, 0, 9, 9]), text('mdat')]),
    wav: Buffer.concat([text('RIFF\xff\xff\xff\x0fWAVEfmt '), Buffer.alloc(30)]),
    utf16: text('\xff\xfeh\0i\0'),
    nul: text('hello\0world'),
    latin1: text('caf\xe9 au lait'),
  };
  return Object.entries(contents).flatMap(([kind, bytes]) =>
    [kind, 'png', 'txt', 'pdf'].map((end) => ({ why: `${kind} as ${end}`, name: `x.${end}`, bytes })),
  );
}

/** Bytes of no kind. */
function noise(seed: number): HostileFile[] {
  const one = fc.tuple(fc.constantFrom(...ENDS, ''), fc.uint8Array({ minLength: 1, maxLength: 5_000 }));
  return samples(one, 60, seed).map(([end, bytes], index) => ({
    why: `noise ${index}`,
    name: end ? `x.${end}` : 'x',
    bytes: Buffer.concat([Buffer.from([0]), bytes]),
  }));
}

export function hostileFiles(seed: number): HostileFile[] {
  return [...truncated(seed), ...lying(), ...polyglots(), ...silent(), ...huge(seed), ...bombs(), ...others(), ...noise(seed)];
}

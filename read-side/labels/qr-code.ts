/**
 * QR codes as pictures. A PNG is written here: its dots are black or white and ours alone, so no decoder of strangers' pictures is loaded for it.
 *
 *     const svg = qrSvg('https://tasks.example.org/fault/…');
 */
import { crc32, deflateSync } from 'node:zlib';
import { encodeQR } from 'qr';

/** A quarter of the code may be scratched off (quartile); around it stand four white dots, as readers want them. */
const OPTIONS = { ecc: 'quartile', border: 4 } as const;

/** A code as SVG: black on white, of any size. */
export function qrSvg(text: string): string {
  const rows = encodeQR(text, 'raw', OPTIONS);
  const runs = rows.flatMap((row, y) => runsOf(row).map(([from, length]) => `M${from} ${y}h${length}v1h-${length}z`));
  const side = rows.length;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${side}v${side}H0z"/><path d="${runs.join('')}"/></svg>`;
}

/** The stretches of black dots of a row: where each begins, and how long it is. */
function runsOf(row: readonly boolean[]): [from: number, length: number][] {
  const starts = row.flatMap((black, x) => (black && !row[x - 1] ? [x] : []));
  return starts.map((from) => {
    const end = row.indexOf(false, from);
    return [from, (end < 0 ? row.length : end) - from];
  });
}

/** Pixels of a dot in a PNG: enough to be printed at five centimetres. */
const DOT = 12;
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A code as PNG: one bit a pixel. */
export function qrPng(text: string): Buffer {
  const rows = encodeQR(text, 'raw', OPTIONS);
  const side = rows.length * DOT;
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  // One bit a pixel, grey; compression, filter and interlacing as there is but one way to say.
  head.set([1, 0, 0, 0, 0], 8);
  const lines = rows.flatMap((row) => Array<Buffer>(DOT).fill(lineOf(row)));
  return Buffer.concat([SIGNATURE, chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.concat(lines))), chunk('IEND', Buffer.alloc(0))]);
}

/** A line of pixels, unfiltered: white is 1. */
function lineOf(row: readonly boolean[]): Buffer {
  const line = Buffer.alloc(1 + Math.ceil((row.length * DOT) / 8));
  for (let x = 0; x < row.length * DOT; x++) {
    const at = 1 + (x >> 3);
    if (!row[Math.floor(x / DOT)]) line.writeUInt8(line.readUInt8(at) | (0x80 >> (x & 7)), at);
  }
  return line;
}

function chunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, sum]);
}

/** Files made byte by byte: small pictures, documents and ZIPs that are what they say, for tests to break. */
import { crc32, deflateRawSync, deflateSync } from 'node:zlib';

/** A PNG of one colour; `more` chunks stand before the pixels. */
export function png(width: number, height: number, more: Uint8Array[] = [], pixels = Math.min(width * height, 10_000)): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const rows = Buffer.alloc(pixels + Math.min(height, pixels));
  return Buffer.concat([PNG, chunk('IHDR', header), ...more, chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A chunk of a PNG. */
export function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const around = Buffer.alloc(8);
  around.writeUInt32BE(data.length, 0);
  around.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)]);
}

/** A PNG that says it has so many frames. */
export function apng(width: number, height: number, frames: number): Buffer {
  const control = Buffer.alloc(8);
  control.writeUInt32BE(frames, 0);
  return png(width, height, [chunk('acTL', control)]);
}

/** The structure of a JPEG with this size, whose scan has no meaning; `orientation` by EXIF. */
export function jpeg(width: number, height: number, orientation?: number): Buffer {
  const frame = Buffer.from([0xff, 0xc0, 0, 11, 8, 0, 0, 0, 0, 1, 1, 0x11, 0]);
  frame.writeUInt16BE(height, 5);
  frame.writeUInt16BE(width, 7);
  const scan = Buffer.from([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56]);
  return Buffer.concat([JFIF, orientation ? exif(orientation) : Buffer.alloc(0), frame, scan, Buffer.from([0xff, 0xd9])]);
}
const JFIF = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]);

function exif(orientation: number): Buffer {
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
  return Buffer.from([0xff, 0xe1, 0, 8 + tiff.length, 0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff]);
}

/** A GIF of so many frames. */
export function gif(width: number, height: number, frames = 1): Buffer {
  const head = Buffer.from([0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
  head.writeUInt16LE(width, 6);
  head.writeUInt16LE(height, 8);
  const frame = Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 0x01, 0]);
  return Buffer.concat([head, ...Array.from({ length: frames }, () => frame), Buffer.from([0x3b])]);
}

/** The structure of a lossless WebP, or with `frames` of one that is animated. */
export function webp(width: number, height: number, frames = 0): Buffer {
  const bits = Buffer.from([0x2f, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  bits.writeUInt32LE(((width - 1) & 0x3fff) | (((height - 1) & 0x3fff) << 14), 1);
  const canvas = Buffer.alloc(10);
  canvas[0] = 2;
  canvas.writeUIntLE(width - 1, 4, 3);
  canvas.writeUIntLE(height - 1, 7, 3);
  const frame = riff('ANMF', Buffer.alloc(16));
  const chunks = frames > 0 ? [riff('VP8X', canvas), ...Array.from({ length: frames }, () => frame)] : [riff('VP8L', bits)];
  return riff('RIFF', Buffer.concat([Buffer.from('WEBP'), ...chunks]));
}

function riff(type: string, data: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(data.length);
  return Buffer.concat([Buffer.from(type, 'latin1'), length, data, Buffer.alloc(data.length & 1)]);
}

/** A PDF with one empty page. */
export const PDF = Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n');

/** A part of a ZIP: its bytes, and what is said of it where that is a lie. */
export interface ZipPart {
  data: Uint8Array;
  stored?: boolean;
  unpacked?: number;
  /** The number of the part over which it lies. */
  over?: number;
  flags?: number;
}

/** A ZIP of these parts. */
export function zip(parts: Readonly<Record<string, ZipPart | string>>, comment = ''): Buffer {
  const locals: Buffer[] = [];
  const list: Buffer[] = [];
  const offsets: number[] = [];
  let at = 0;
  for (const [name, given] of Object.entries(parts)) {
    const part: ZipPart = typeof given === 'string' ? { data: Buffer.from(given) } : given;
    const data = part.stored ? Buffer.from(part.data) : deflateRawSync(part.data);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(part.flags ?? 0, 2);
    fields.writeUInt16LE(part.stored ? 0 : 8, 4);
    fields.writeUInt32LE(crc32(part.data), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(part.unpacked ?? part.data.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), data]);
    const offset = part.over === undefined ? at : (offsets[part.over] ?? 0);
    offsets.push(offset);
    const behind = Buffer.alloc(14);
    behind.writeUInt32LE(offset, 10);
    list.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\0', 'latin1'), fields, behind, Buffer.from(name)]));
    locals.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(list);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(list.length, 4);
  end.writeUInt16LE(list.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(at, 12);
  end.writeUInt16LE(Buffer.byteLength(comment), 16);
  return Buffer.concat([...locals, directory, Buffer.from('PK\x05\x06', 'latin1'), end, Buffer.from(comment)]);
}

const MAIN = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml';

/** A Word file with these parts besides. */
export function docx(more: Readonly<Record<string, ZipPart | string>> = {}, main = MAIN): Buffer {
  return zip({
    '[Content_Types].xml': `<Types><Override PartName="/word/document.xml" ContentType="${main}"/></Types>`,
    'word/document.xml': '<w:document/>',
    ...more,
  });
}

/** An OpenDocument text with these parts besides. */
export function odt(more: Readonly<Record<string, ZipPart | string>> = {}): Buffer {
  return zip({ mimetype: { data: Buffer.from('application/vnd.oasis.opendocument.text'), stored: true }, 'content.xml': '<office/>', ...more });
}

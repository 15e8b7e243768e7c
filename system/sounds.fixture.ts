/** Sound and video made byte by byte: the parts that say how long they are, with nothing to hear in them. */
const text = (value: string) => Buffer.from(value, 'latin1');

/** A FLAC of its description, a block of zeros, and the beginning of a frame. */
export function flac(frame: Uint8Array = Buffer.from([0xff, 0xf8, 0xc9, 0x18, 0, 0])): Buffer {
  const info = Buffer.concat([Buffer.from([0, 0, 0, 34]), Buffer.alloc(34, 1)]);
  return Buffer.concat([text('fLaC'), info, Buffer.from([0x81, 0, 0, 16]), Buffer.alloc(16), frame]);
}

/** A frame of an MP3 of 128 kbit/s and 44,100 samples a second. */
export const MP3_FRAME = Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0x64]), Buffer.alloc(413)]);

/** The tags of an MP3, so many bytes of them. */
export const id3 = (length: number): Buffer =>
  Buffer.concat([text('ID3\x03\0\0'), Buffer.from([0, 0, length >> 7, length & 0x7f]), Buffer.alloc(length)]);

/** A page of an Ogg, with packets of these lengths. */
function page(flags: number, position: bigint, packet: Uint8Array): Buffer {
  const head = Buffer.alloc(28);
  head.write('OggS', 'latin1');
  head[5] = flags;
  head.writeBigInt64LE(position, 6);
  head[26] = 1;
  head[27] = packet.length;
  return Buffer.concat([head, packet]);
}

/** An Ogg as browsers record it; as phones do, where its end is not said. */
export function ogg({ saysItsEnd = true } = {}): Buffer {
  const sound = Buffer.alloc(60, 7);
  return Buffer.concat([...OGG_HEADS, page(0, 960n, sound), page(saysItsEnd ? 4 : 0, 1_920n, sound)]);
}
const OGG_HEADS = [page(2, 0n, text('OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0')), page(0, 0n, text('OpusTags\0\0\0\0\0\0\0\0'))];
/** What an Ogg says before any sound. */
export const OGG_HEAD = Buffer.concat(OGG_HEADS);

const OPEN = Buffer.from('01ffffffffffffff', 'hex');
/** An element of EBML: of the length of its content, or of one that is left open. */
function element(id: string, content: Uint8Array, length: Uint8Array = Buffer.from([0x40 | (content.length >> 8), content.length & 0xff])): Buffer {
  return Buffer.concat([Buffer.from(id, 'hex'), length, content]);
}

/** What a WebM says before its segment. */
export const WEBM_HEAD = element('1a45dfa3', element('4282', text('webm')));
const CLUSTER = Buffer.concat([element('e7', Buffer.from([0])), element('a3', Buffer.alloc(90, 3)), element('a3', Buffer.alloc(50, 3))]);

/** A WebM as programs write it, or with segment and clusters left open, as browsers record it. */
export function webm({ live = false } = {}): Buffer {
  const length = live ? OPEN : undefined;
  const inside = Buffer.concat([element('1549a966', Buffer.alloc(9, 1)), element('1f43b675', CLUSTER, length), element('1f43b675', CLUSTER, length)]);
  return Buffer.concat([WEBM_HEAD, element('18538067', inside, length)]);
}

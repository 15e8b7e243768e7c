/** A certificate that signs itself, for 127.0.0.1 and a day: the client sends credentials over TLS only. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const DAY = 86_400_000;
const [INTEGER, BIT_STRING, OCTET_STRING, OBJECT_ID, UTF8, SEQUENCE, SET, TIME] = [0x02, 0x03, 0x04, 0x06, 0x0c, 0x30, 0x31, 0x17];
const ECDSA_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const COMMON_NAME = [0x55, 0x04, 0x03];
const ALTERNATIVE_NAME = [0x55, 0x1d, 0x11];
const LOOPBACK = [127, 0, 0, 1];

/** A value in DER: a tag, the length, the content. */
function der(tag: number, ...content: (Uint8Array | number[])[]): Buffer {
  const body = Buffer.concat(content.map((part) => Buffer.from(part)));
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(body.length);
  const significant = bytes.subarray(bytes.findIndex((byte) => byte > 0));
  const length = body.length < 128 ? Buffer.from([body.length]) : Buffer.concat([Buffer.from([0x80 | significant.length]), significant]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
}

const time = (ms: number) => der(TIME, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));

/** Makes a key and its certificate, as PEM. */
export function selfSigned(): { key: string; certificate: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(SEQUENCE, der(OBJECT_ID, ECDSA_SHA256));
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, der(OBJECT_ID, COMMON_NAME), der(UTF8, Buffer.from('double')))));
  const names = der(SEQUENCE, der(0x87, LOOPBACK), der(0x82, Buffer.from('localhost')));
  const extensions = der(0xa3, der(SEQUENCE, der(SEQUENCE, der(OBJECT_ID, ALTERNATIVE_NAME), der(OCTET_STRING, names))));
  const signed = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, [2])),
    der(INTEGER, [1], randomBytes(8)),
    algorithm,
    name,
    der(SEQUENCE, time(Date.now() - DAY), time(Date.now() + DAY)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions,
  );
  const certificate = der(SEQUENCE, signed, algorithm, der(BIT_STRING, [0], sign('sha256', signed, privateKey)));
  const pem = `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, certificate: pem };
}

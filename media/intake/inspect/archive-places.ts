/** Archives that are known by bytes at a place of their own, behind whatever another kind of file begins with. */
import type { Bytes } from './bytes.ts';

/** True where programs for archives would open the file as a tar, a disc or an image of a disk, or as an archive of old programs. */
export function isArchiveByPlace(bytes: Bytes): boolean {
  return isTar(bytes) || isDisc(bytes) || isDiskImage(bytes) || /^-l[hz][0-9a-z]-/.test(text(bytes, 2, 5)) || text(bytes, 7, 7) === '**ACE**';
}

const text = (bytes: Bytes, at: number, length: number) => bytes.at(at, length).toString('latin1');

const TAR_HEADER = 512;
const TAR_SUM = { at: 148, length: 8 };

/** A tar begins with the name of a file, which may look like anything; the oldest have no mark, but the sum of their header. */
function isTar(bytes: Bytes): boolean {
  if (text(bytes, 257, 5) === 'ustar') return true;
  const header = bytes.at(0, TAR_HEADER);
  const { at, length } = TAR_SUM;
  const said = /^ *([0-7]{3,7})[ \0]/.exec(header.toString('latin1', at, at + length))?.[1];
  if (header.length < TAR_HEADER || said === undefined) return false;
  const sum = header.reduce((all, byte, index) => all + (index >= at && index < at + length ? 0x20 : byte), 0);
  return sum === Number.parseInt(said, 8);
}

/** The sectors with the descriptors of a disc's volumes, from the first one that may have any. */
const SECTORS = Array.from({ length: 32 }, (_, index) => 16 + index);
/** Bytes of a sector, and before its data: as images mostly have it, and as a drive reads it, of two modes. */
const LAYOUTS = [
  { size: 2_048, before: 0 },
  { size: 2_352, before: 16 },
  { size: 2_352, before: 24 },
];
/** Of ISO 9660, of discs that are written or played, and of UDF. */
const VOLUMES = /^(.(CD001|CDW02|CD-I |BEA01|NSR0[23]|BOOT2)|.{9}CDROM)/s;

function isDisc(bytes: Bytes): boolean {
  return LAYOUTS.some(({ size, before }) => SECTORS.some((sector) => VOLUMES.test(text(bytes, sector * size + before, 14))));
}

/** Images of Apple's disks have their header at their end. */
function isDiskImage(bytes: Bytes): boolean {
  return text(bytes, Math.max(0, bytes.size - 512), 8) === 'koly\0\0\0\x04';
}

/** Office files: ZIPs that say what they are. Every other ZIP is an archive, and macros are not taken. */

import { FileRefused } from '../../file-refused.ts';
import type { Bytes } from './bytes.ts';
import { damagedFile } from './finding.ts';
import { TYPES } from './kinds.ts';
import { anArchive, withMacros } from './not-taken.ts';
import { firstBytesOf } from './unpack.ts';
import { entryBytes, type ZipEntry, zipEntries } from './zip.ts';

const WORD = 'application/vnd.openxmlformats-officedocument';
const KIND = 1024 * 1024;

/** The type of the office file that a ZIP is, of which every part was unpacked and thrown away. Error: FileRefused. */
export async function officeType(bytes: Bytes): Promise<string> {
  const entries = zipEntries(bytes);
  if (entries.some(({ encrypted }) => encrypted)) throw new FileRefused('archive', 'Parts of the file have a password. Upload it without.');
  const type = openDocument(bytes, entries) ?? officeOpen(bytes, entries);
  if (!type) throw anArchive();
  for (const { name } of entries) checkName(name);
  for (const entry of entries) checkBeginning(entry.name, await firstBytesOf(bytes, entry));
  for (const entry of entries) if (NAMING.test(entry.name)) checkNamed(entryBytes(bytes, entry, LONGEST_NAMING));
  return type;
}

/** OpenDocument: the first part is its type, unpacked. */
function openDocument(bytes: Bytes, entries: readonly ZipEntry[]): string | undefined {
  const kind = entries.find(({ name, method, offset }) => name === 'mimetype' && method === 0 && offset === 0);
  const type = kind && entryBytes(bytes, kind, 200).toString('latin1');
  return type !== undefined && type in TYPES && type.startsWith('application/vnd.oasis') ? type : undefined;
}

const MAIN: readonly [part: string, type: string][] = [
  ['wordprocessingml.document.main+xml', `${WORD}.wordprocessingml.document`],
  ['spreadsheetml.sheet.main+xml', `${WORD}.spreadsheetml.sheet`],
  ['presentationml.presentation.main+xml', `${WORD}.presentationml.presentation`],
];

/** Office Open XML: a list of the parts with their types. */
function officeOpen(bytes: Bytes, entries: readonly ZipEntry[]): string | undefined {
  const list = entries.find(({ name }) => name === '[Content_Types].xml');
  if (!list) return undefined;
  const text = entryBytes(bytes, list, KIND).toString('utf8');
  return MAIN.find(([part]) => text.includes(part))?.[1];
}

const MACROS = /vbaProject|vbaData|(^|\/)(macrosheets|activeX|Basic|Scripts)\//i;
const NESTED = /\.(zip|rar|7z|gz|tgz|bz2|xz|zst|tar|jar|apk|cab|iso|docm|xlsm|pptm|xlsb|dotm|xltm|potm|exe|dll|scr|js|vbs|ps1|bat|cmd|lnk|msi)$/i;
const OUTSIDE = /^\/|^[a-z]:|(^|\/)\.\.(\/|$)/i;

const nested = () =>
  new FileRefused('archive', 'There is a file in it that is not taken, as an archive or a program. Remove it, or save it all as PDF.');

/** Programs take the separator of Windows for one, too. */
function checkName(given: string): void {
  const name = given.replaceAll('\\', '/');
  if (MACROS.test(name)) throw withMacros();
  if (NESTED.test(name) || OUTSIDE.test(name)) throw nested();
}

/** Of objects of other programs, macros among them (OLE), of programs, and of archives. */
const NOT_IN_IT = ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'MZ\x90\0', '\x7fELF', 'Rar!\x1a\x07', '7z\xbc\xaf\x27\x1c', 'MSCF\0'];
/** What a diagram or a sheet in a document is. */
const OFFICE_IN_OFFICE = /\.(docx|xlsx|pptx|od[tspg])$/i;

function checkBeginning(name: string, bytes: Buffer): void {
  const beginning = bytes.toString('latin1');
  if (NOT_IN_IT.some((one) => beginning.startsWith(one))) throw nested();
  if (beginning.startsWith('PK\x03\x04') && !OFFICE_IN_OFFICE.test(name)) throw nested();
}

/** The parts that say what the others are: a program goes by these, and not by the names of the parts. */
const NAMING = /(^|[/\\])(\[Content_Types\]\.xml|[^/\\]*\.rels)$/i;
/** A sheet of tens of thousands of links has such a list of some megabytes. */
const LONGEST_NAMING = 16 * 1024 * 1024;
const NAMED_MACROS = /macroEnabled|vbaProject|vbaData|macrosheet|relationships\/control|activeX/i;
/** What says what a part is, beside links to any page. */
const TYPE = /Type\s*=\s*("[^"]*"|'[^']*')/g;

function checkNamed(bytes: Buffer): void {
  // Without the zeros that UTF-16 has between letters.
  const text = bytes.toString('latin1').replaceAll('\0', '');
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) throw damagedFile('a list of its parts has a document type, which office programs write into none');
  for (const [, type = ''] of text.matchAll(TYPE)) if (NAMED_MACROS.test(withoutReferences(type))) throw withMacros();
}

/** A text in which letters stand for themselves, as `E` for `&#69;` or `&#x45;`. */
function withoutReferences(text: string): string {
  return text.replace(/&#(?:x([0-9a-f]+)|([0-9]+));/gi, (_, hex?: string, decimal?: string) => {
    const code = hex ? Number.parseInt(hex, 16) : Number(decimal);
    return code < 0x80 ? String.fromCharCode(code) : ' ';
  });
}

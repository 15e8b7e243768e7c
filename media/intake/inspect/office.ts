/** Office files: ZIPs that say what they are. Every other ZIP is an archive, and macros are not taken. */

import { FileRefused } from '../../file-refused.ts';
import type { Bytes } from './bytes.ts';
import { TYPES } from './kinds.ts';
import { anArchive, withMacros } from './not-taken.ts';
import { entryBytes, type ZipEntry, zipEntries } from './zip.ts';

const WORD = 'application/vnd.openxmlformats-officedocument';
const KIND = 1024 * 1024;

/** The type of the office file that a ZIP is. Error: FileRefused. */
export function officeType(bytes: Bytes): string {
  const entries = zipEntries(bytes);
  if (entries.some(({ encrypted }) => encrypted)) throw new FileRefused('archive', 'Parts of the file have a password. Upload it without.');
  const type = openDocument(bytes, entries) ?? officeOpen(bytes, entries);
  if (!type) throw anArchive();
  checkParts(entries);
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
  if (/macroEnabled|vbaProject|vbaData|macrosheet/i.test(text)) throw withMacros();
  return MAIN.find(([part]) => text.includes(part))?.[1];
}

const MACROS = /vbaProject|vbaData|\/macrosheets\/|\/activeX\/|^Basic\/|^Scripts\//i;
const NESTED = /\.(zip|rar|7z|gz|tgz|bz2|xz|zst|tar|jar|apk|cab|iso|docm|xlsm|pptm|xlsb|dotm|xltm|potm|exe|dll|scr|js|vbs|ps1|bat|cmd|lnk|msi)$/i;
const OUTSIDE = /^[/\\]|^[a-z]:|(^|[/\\])\.\.([/\\]|$)/i;

function checkParts(entries: readonly ZipEntry[]): void {
  for (const { name } of entries) {
    if (MACROS.test(name)) throw withMacros();
    if (NESTED.test(name) || OUTSIDE.test(name))
      throw new FileRefused('archive', 'There is a file in it that is not taken, as an archive or a program.');
  }
}

/**
 * The words to who sent a file of a type that is not taken. By its name alone, too: before it is sent anywhere. They say nothing of its name: a refusal of
 * a posted file is recorded.
 */
import { FileRefused } from '../../file-refused.ts';
import { TAKEN, TYPES, textType } from './kinds.ts';

/** The refusal of archives, in whatever they hide. */
export function anArchive(): FileRefused {
  return new FileRefused('archive', 'Archives are not taken: upload the files in it one by one.');
}

/** The refusal of office files with programs in them. */
export function withMacros(): FileRefused {
  return new FileRefused('macros', 'Files with macros are not taken. Save it without, as docx, xlsx, pptx or OpenDocument.');
}

const HELP: readonly [type: RegExp, detail: string][] = [
  [
    /^image\/(hei[cf]|avif)/,
    'HEIC, HEIF and AVIF pictures cannot be read here. Send it as JPEG: on an iPhone, Settings → Camera → Formats → Most Compatible.',
  ],
  [/svg|xml|html/, 'HTML, SVG and XML are not taken. Upload a picture of it, or a PDF.'],
  [/x-cfb|msword|ms-excel|ms-powerpoint/, 'Old Word, Excel and PowerPoint files are not taken. Save it as docx, xlsx or pptx, or as PDF.'],
  [/^text\/|rtf/, `Save it as PDF, or as text in UTF-8. Taken are ${TAKEN}.`],
];
const ARCHIVES =
  /zip|x-rar|x-7z|x-tar|gzip|bzip|x-xz|zstd|lzip|lz4|x-compress|x-arj|x-cpio|x-lzh|x-ace|vnd.ms-cab|x-unix-archive|x-iso|x-apple-diskimage/;

/** The refusal of a type that is not taken, by the name that the detection has for it, in words that help; undefined where it has none. */
export function notTaken(detected: string | undefined, extension: string): FileRefused {
  if (detected && ARCHIVES.test(detected)) return anArchive();
  const [, help] = HELP.find(([type]) => type.test(detected ?? '')) ?? [];
  if (help) return new FileRefused('type', help);
  if (!detected && textType(extension) && extension)
    return new FileRefused('type', 'The file is no text in UTF-8. Save it as UTF-8, and upload that.');
  return new FileRefused('type', `${detected ? `Files of type ${detected}` : 'Files of this type'} are not taken. Taken are ${TAKEN}.`);
}

/** The types, as the detection names them, of some extensions about which there is more to say than that they are not taken. */
const TYPE_OF: readonly [extensions: RegExp, type: string][] = [
  [/^(hei[cf]s?|hif|avif)$/, 'image/heic'],
  [/^(svgz?|x?html?|xml)$/, 'text/html'],
  [/^(doc|dot|xls|xlt|ppt|pps)$/, 'application/x-cfb'],
  [/^rtf$/, 'application/rtf'],
  [/^(zip|rar|7z|tar|t?gz|t?bz2?|t?xz|zst|lz4?|cab|iso|dmg|jar|apk)$/, 'application/zip'],
];
const MACROS = /^(doc|dot|xls|xlt|ppt|pot|pps|xla)m$/;
const KNOWN = new Set(Object.values(TYPES).flat());

/** Refuses a file by the extension of its name, where no file with that is taken; a name without any may be of everything. Error: FileRefused. */
export function checkExtension(extension: string): void {
  if (extension === '' || KNOWN.has(extension)) return;
  if (MACROS.test(extension)) throw withMacros();
  const [, type] = TYPE_OF.find(([extensions]) => extensions.test(extension)) ?? [];
  if (type) throw notTaken(type, extension);
  throw new FileRefused('extension', `Files whose names end so are not taken. Taken are ${TAKEN}.`);
}

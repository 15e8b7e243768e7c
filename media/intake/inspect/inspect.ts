/** Looks at a file: which type it is by its content, whether that is taken, and whether the file is whole. It decodes no picture, and keeps nothing of what it unpacks. */
import { fileTypeFromFile } from 'file-type';
import { FileRefused } from '../../file-refused.ts';
import { ARCHIVE_MARKS, MARKS_IN_ZIPS } from './archive-marks.ts';
import { isArchiveByPlace } from './archive-places.ts';
import { type Bytes, openBytes } from './bytes.ts';
import { damagedFile, type Found, type Question } from './finding.ts';
import { TYPES, takenType, textType } from './kinds.ts';
import { checkTypeOfParts } from './media-boxes.ts';
import { anArchive, notTaken } from './not-taken.ts';
import { officeType } from './office.ts';
import { pictureSizes } from './pictures.ts';
import { checkText, isText } from './text.ts';
import { zipDirectory } from './zip.ts';

/** What is found of a file. Errors: FileRefused; those of reading it. */
export async function inspect({ path, extension, hasMarks }: Question): Promise<Found> {
  const bytes = openBytes(path);
  try {
    if (bytes.size === 0) throw new FileRefused('empty', 'The file is empty.');
    const type = await typeOf(bytes, { path, extension, hasMarks });
    const fitting = TYPES[type] ?? [];
    if (extension !== '' && !fitting.includes(extension)) throw lying(type);
    const sizes = pictureSizes(bytes, type);
    return { type, extension: extension || (fitting[0] ?? ''), ...(sizes ? { width: sizes.width, height: sizes.height } : {}) };
  } finally {
    bytes.close();
  }
}

/** The first bytes of a ZIP: of one with parts, of one without, and of one of several. */
const ZIPS = ['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'];

async function typeOf(bytes: Bytes, { path, extension, hasMarks }: Question): Promise<string> {
  if (ZIPS.includes(bytes.at(0, 4).toString('latin1'))) return await officeTypeOf(bytes);
  const text = textType(extension);
  if (!isPdf(bytes) && isText(bytes)) {
    checkText(bytes);
    if (!text)
      throw new FileRefused('extension', 'The file is a text, and its name says something else. Taken are texts whose names end in txt, csv or md.');
    return text;
  }
  const detected = await fileTypeFromFile(path);
  const type = detected && takenType(detected.mime);
  if (!type) throw notTaken(detected?.mime, extension);
  checkNothingHidden(bytes, hasMarks);
  if (type === 'application/pdf') checkPdf(bytes);
  checkTypeOfParts(bytes, type);
  return type;
}

const isPdf = (bytes: Bytes) => bytes.at(0, 5).toString('latin1') === '%PDF-';

/** The words name no ending but ours: a refusal is recorded, and a name is its owner's. */
function lying(type: string): FileRefused {
  const fitting = TYPES[type] ?? [];
  return new FileRefused(
    'extension',
    `The file is ${type}, and its name says something else. Rename it to end in ${fitting.map((one) => `.${one}`).join(' or ')}.`,
  );
}

/** A ZIP has the mark of its end in it, and so is looked through for all others. */
async function officeTypeOf(bytes: Bytes): Promise<string> {
  const type = await officeType(bytes);
  if (isArchiveByPlace(bytes) || bytes.holdsAny(MARKS_IN_ZIPS)) throw anArchive();
  return type;
}

/** One file, one kind: what is an archive to one program and a picture to another is taken by neither name. */
function checkNothingHidden(bytes: Bytes, hasMarks = bytes.holdsAny(ARCHIVE_MARKS)): void {
  if (hasMarks || zipDirectory(bytes) || isArchiveByPlace(bytes)) throw anArchive();
}

/** The bytes at the end of a PDF in which readers look for its end. */
const END_OF_PDF = 64 * 1024;

function checkPdf(bytes: Bytes): void {
  if (bytes.find(Buffer.from('%%EOF'), Math.max(0, bytes.size - END_OF_PDF)) < 0) throw damagedFile('the document ends too early');
}

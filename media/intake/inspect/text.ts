/** Texts: what is UTF-8 without control characters, and is no page, no picture and no document in disguise. */

import { FileRefused } from '../../file-refused.ts';
import type { Bytes } from './bytes.ts';

const STEP = 128 * 1024;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]/;
/** What a browser that guesses would take for a page (WHATWG MIME Sniffing, 7.1), or draw. */
const MARKUP = /^<(!doctype|\?xml|html|head|body|script|iframe|svg|style|title|table|font|frameset|meta|link|object|embed)\b/i;
const OTHER = /^\s*(%PDF-|%!PS|\{\\rtf)/;

/** True for a whole file of UTF-8 without control characters. */
export function isText(bytes: Bytes): boolean {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for (let at = 0; at < bytes.size; at += STEP) {
      if (CONTROL.test(decoder.decode(bytes.at(at, STEP), { stream: true }))) return false;
    }
    return !CONTROL.test(decoder.decode());
  } catch {
    return false;
  }
}

/** Refuses a text that is something else. Error: FileRefused. */
export function checkText(bytes: Bytes): void {
  const beginning = bytes
    .at(0, 4_096)
    .toString('utf8')
    .replace(/^\ufeff/, '');
  if (MARKUP.test(behindComments(beginning))) throw new FileRefused('type', 'HTML, SVG and XML are not taken. Upload a picture of it, or a PDF.');
  if (OTHER.test(beginning))
    throw new FileRefused('extension', 'The file is a document, and its name says that it is a text. Give it its own extension.');
}

/** What follows the blanks and comments at the beginning. Step by step: one expression for all of it would try each of the countless ways to read them. */
function behindComments(text: string): string {
  for (let rest = text.trimStart(); ; ) {
    const end = rest.startsWith('<!--') ? rest.indexOf('-->', '<!--'.length) : -1;
    if (end < 0) return rest;
    rest = rest.slice(end + '-->'.length).trimStart();
  }
}

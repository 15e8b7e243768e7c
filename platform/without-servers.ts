/** Errors in public words: what systems and drivers say names servers, which is nobody's business who only waits for a message or an order. */

const SERVER = '<server>';

/** What names a server, from the most to the least certain. */
const NAMES: readonly RegExp[] = [
  // A URL.
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi,
  // An IPv6 address, whole or with ::, and its port.
  /(?<![\w:])\[?(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\]?(?::\d{1,5})?(?!\w)/gi,
  /(?<![\w:])\[?(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?::(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?\]?(?::\d{1,5})?(?![\w:])/gi,
  // An IPv4 address, and its port.
  /\[?\b\d{1,3}(?:\.\d{1,3}){3}\b\]?(?::\d{1,5})?/g,
  // A full host name, and its port.
  /\b(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]\b\.?(?::\d{1,5})?/gi,
  // A short host name with its port.
  /\b[a-z][\w-]*:\d{2,5}\b/gi,
];
/** The name after a system's error, as `getaddrinfo ENOTFOUND mailhost`. */
const AFTER_ERROR = /\b(E[A-Z][A-Z_]{2,}) (?!<server>)[\w.:[\]-]+/g;
/** The path of a file on the machine. */
const PATH = /(?<![\w.<:/])\/(?:[\w.@-]+\/)+[\w.@-]*/g;

/** The text without names, addresses and ports of servers, and without paths of files. */
export function withoutServers(text: string): string {
  const unnamed = NAMES.reduce((rest, name) => rest.replace(name, SERVER), text.replace(PATH, '<path>'));
  return unnamed.replace(AFTER_ERROR, `$1 ${SERVER}`);
}

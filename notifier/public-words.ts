/**
 * What is told and kept of an attempt that went wrong: words of the system and of ours, and of what the other side answered the codes alone. Its words may
 * name the recipient in any way, and no key seals them.
 */

interface Answered {
  /** The code of an answer of SMTP. */
  responseCode?: unknown;
  /** The whole answer. */
  response?: unknown;
  cause?: unknown;
}

/** Errors within one another that are looked at. */
const DEPTH = 5;
/** A status of SMTP or HTTP at the beginning of words, with the enhanced status (RFC 3463), or the number that a provider gives its error. */
const CODES = /^([2-5]\d\d)(?:[ -]([245]\.\d{1,3}\.\d{1,3}|\d{4,6}))?(?![\w.])/;

/** An error's words without what the other side said, without addresses and numbers; at most 1,000 characters. `to`: the recipient, empty where none is known. */
export function publicWords(error: Error, to: string): string {
  return codesOf(error.message) ?? answerWithin(error) ?? withoutAddress(error.message, to);
}

/** The codes of an answer of the other side, which came as this error or as what caused it; undefined where there was none. */
function answerWithin(error: unknown): string | undefined {
  let at = error as Answered | undefined;
  for (let depth = 0; depth < DEPTH && typeof at === 'object' && at !== null; depth++, at = at.cause as Answered | undefined) {
    const { response, responseCode } = at;
    if (response || responseCode) return codesOf(String(response ?? '')) ?? codesOf(String(responseCode)) ?? 'an answer without a code';
  }
  return undefined;
}

function codesOf(words: string): string | undefined {
  const [, status, finer] = CODES.exec(words) ?? [];
  return status === undefined ? undefined : [status, finer].filter((code) => code !== undefined).join(' ');
}

function withoutAddress(message: string, to: string): string {
  const text = to ? message.replaceAll(new RegExp(to.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi'), '<recipient>') : message;
  const unnamed = text.replace(/[^\s<>@]+@[^\s<>@]+/g, '<address>').replace(/\+?\d{7,}/g, '<number>');
  return unnamed.slice(0, 1_000);
}

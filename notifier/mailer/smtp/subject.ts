/** The subject of a mail as a header takes it. */
import { encodeWord } from 'nodemailer/lib/mime-funcs';

/** The most octets of one encoded word, so that lines stay short. */
const WORD = 52;

/**
 * A subject with what looks like an encoded word (RFC 2047) is encoded as a whole: nodemailer leaves such words as they are, and the reader would be
 * shown what they decode to. Any other is left to nodemailer.
 */
export function headerSubject(subject: string): string {
  return subject.includes('=?') ? encodeWord(subject, 'B', WORD) : subject;
}

/**
 * Mails to addresses beyond ASCII go to servers that offer SMTPUTF8 alone (RFC 6531, 3.2). nodemailer gives them to any server, without the word that
 * says so: what becomes of them is then left to chance. Imported for its effect, before the first mail.
 */
import SMTPConnection from 'nodemailer/lib/smtp-connection';

type Send = SMTPConnection['send'];
/** What nodemailer remembers of the answer to EHLO, which no option or event tells. */
interface Greeted {
  _supportedExtensions?: readonly string[];
}

const send = SMTPConnection.prototype.send;
const BEYOND_ASCII = /[^\0-\x7f]/;

SMTPConnection.prototype.send = function (this: SMTPConnection & Greeted, envelope, message, done) {
  const addresses = [envelope.from || '', ...[envelope.to].flat()].join(' ');
  if (!BEYOND_ASCII.test(addresses) || this._supportedExtensions?.includes('SMTPUTF8')) return send.call(this, envelope, message, done);
  const words = 'the mail server does not offer SMTPUTF8, and an address has signs beyond ASCII before its @: it cannot be delivered there';
  done(Object.assign(new Error(words), { code: 'EENVELOPE', command: 'API' }), undefined as never);
} as Send;

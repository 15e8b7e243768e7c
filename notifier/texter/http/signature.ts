/** The signature of a provider's reports, as Twilio makes it (X-Twilio-Signature): HMAC-SHA1, keyed with the account's token, of the address and the form's fields. */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Base64. `url`: the address as it was given to the provider. */
export function signatureOf(url: string, form: Readonly<Record<string, string>>, token: string): string {
  const fields = Object.keys(form)
    .sort()
    .map((name) => name + form[name]);
  return createHmac('sha1', token)
    .update([url, ...fields].join(''))
    .digest('base64');
}

/** True where it is the one; how long that takes tells nothing of it. */
export function isSignedBy(
  token: string,
  { url, form, signature }: { url: string; form: Readonly<Record<string, string>>; signature: string },
): boolean {
  const [right, given] = [signatureOf(url, form, token), signature].map((text) => Buffer.from(text));
  return right !== undefined && given !== undefined && right.length === given.length && timingSafeEqual(right, given);
}

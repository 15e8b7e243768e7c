/** The signature of a provider's reports (X-Twilio-Signature): HMAC-SHA1 of address and form, keyed with the account's token. */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** The signature of a form, in Base64. `url`: the address as it was given to the provider. */
export function signatureOf(url: string, form: Readonly<Record<string, string>>, token: string): string {
  const fields = Object.keys(form)
    .sort()
    .map((name) => name + form[name]);
  return createHmac('sha1', token)
    .update([url, ...fields].join(''))
    .digest('base64');
}

/** True where the signature is right. The comparison's time does not depend on where they differ. */
export function isSignedBy(
  token: string,
  { url, form, signature }: { url: string; form: Readonly<Record<string, string>>; signature: string },
): boolean {
  const [right, given] = [signatureOf(url, form, token), signature].map((text) => Buffer.from(text));
  return right !== undefined && given !== undefined && right.length === given.length && timingSafeEqual(right, given);
}

/** Tokens that let nobody in: each is a good one with one fault, or something else in the place of one. */
import { createHash, createHmac, generateKeyPairSync, sign as signWithKey } from 'node:crypto';

/** What the tokens are made of: a user's good ones, and the secret with which the system signs. */
export interface TokenScene {
  secret: string;
  accessToken: string;
  refreshToken: string;
  userId: string;
  /** Another user, who exists. */
  otherId: string;
  /** An access token whose session was ended. */
  ended: string;
  /** A good API key, and one that was revoked. */
  apiKey: string;
  revokedKey: string;
  /** Other texts that prove something, somewhere else: codes of mails, tickets, marks of devices. */
  elsewhere: Record<string, string>;
}

/** A token, by what is wrong with it. */
export type HostileToken = readonly [fault: string, token: string];

const json = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
const base64url = (value: unknown) => Buffer.from(json(value)).toString('base64url');
const hmac = (text: string, secret: string | Buffer, hash = 'sha256') => createHmac(hash, secret).update(text).digest('base64url');

/** A token with any header and payload (a text is taken as it is), signed as HS256 is, whatever its header says. */
function signed(header: unknown, payload: unknown, secret: string | Buffer, hash = 'sha256'): string {
  const text = `${base64url(header)}.${base64url(payload)}`;
  return `${text}.${hmac(text, secret, hash)}`;
}

const HEADER = { alg: 'HS256', typ: 'JWT' };
const named = (fault: string, values: readonly unknown[], make: (value: unknown) => string): HostileToken[] =>
  values.map((value) => [`${fault} ${JSON.stringify(value)?.slice(0, 60) ?? 'missing'}`, make(value)]);

/** Every token of the table. */
export function hostileTokens(scene: TokenScene): HostileToken[] {
  return [...algorithms(scene), ...keys(scene), ...claims(scene), ...shapes(scene), ...apiKeys(scene), ...ofOtherUse(scene)];
}

/** The claims of a token of now, which is good until a minute from now. */
function claimsIn({ accessToken }: TokenScene): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1_000);
  return { ...JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()), iat: now - 1, exp: now + 600 };
}

/** A token that is good: it shows that those of the table are refused for their faults. */
export function goodToken(scene: TokenScene): string {
  return signed(HEADER, claimsIn(scene), scene.secret);
}

const NO_ALGORITHM = ['none', 'None', 'NONE', 'nOnE', 'none\0', ' none', '', null, undefined, ['none'], ['HS256'], {}, 0, true];
const OTHER_ALGORITHMS = [
  'HS384',
  'HS512',
  'RS256',
  'RS512',
  'PS256',
  'ES256',
  'EdDSA',
  'hs256',
  'HS256 ',
  'HS256\0',
  'A128KW',
  'dir',
  'toString',
  '__proto__',
];

/** The header names another algorithm, or none. */
function algorithms(scene: TokenScene): HostileToken[] {
  const payload = claimsIn(scene);
  const [, body, signature] = scene.accessToken.split('.');
  const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { privateKey: ec, publicKey: ecPublic } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { privateKey: edwards } = generateKeyPairSync('ed25519');
  const asymmetric = (header: object, algorithm: string | null, key: typeof rsa) => {
    const text = `${base64url({ typ: 'JWT', ...header })}.${base64url(payload)}`;
    return `${text}.${signWithKey(algorithm, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  const jwk = ecPublic.export({ format: 'jwk' });
  return [
    ...named('unsigned, algorithm', NO_ALGORITHM, (alg) => `${base64url({ typ: 'JWT', alg })}.${base64url(payload)}.`),
    ...named('with the signature of another, algorithm', NO_ALGORITHM, (alg) => `${base64url({ typ: 'JWT', alg })}.${body}.${signature}`),
    ...named('signed with our secret, algorithm', [...NO_ALGORITHM, ...OTHER_ALGORITHMS], (alg) =>
      signed({ typ: 'JWT', alg }, payload, scene.secret),
    ),
    ['signed with our secret as HS384', signed({ ...HEADER, alg: 'HS384' }, payload, scene.secret, 'sha384')],
    ['signed with our secret as HS512', signed({ ...HEADER, alg: 'HS512' }, payload, scene.secret, 'sha512')],
    ['signed with our secret by another hash', signed(HEADER, payload, scene.secret, 'sha512')],
    ['signed with a key of its own, RS256', asymmetric({ alg: 'RS256' }, 'sha256', rsa)],
    ['signed with a key of its own, ES256, which it brings', asymmetric({ alg: 'ES256', jwk }, 'sha256', ec)],
    ['signed with a key of its own, ES256, which it says where to get', asymmetric({ alg: 'ES256', jku: 'http://127.0.0.1:9/keys' }, 'sha256', ec)],
    ['signed with a key of its own, EdDSA', asymmetric({ alg: 'EdDSA' }, null, edwards)],
    ['signed with a key of its own, said to be HS256', asymmetric({ alg: 'HS256' }, 'sha256', rsa)],
  ];
}

const WRONG_SECRETS = ['', ' ', 'secret', 'null', 'undefined', '0', '\0', 'your-256-bit-secret', 'changeme'];
const KEY_IDS = [
  '/dev/null',
  '../../../../dev/null',
  "x' UNION SELECT 'secret",
  'http://127.0.0.1:9/',
  '| cat /etc/passwd',
  '__proto__',
  '\0',
  'x'.repeat(2_000),
];

/** The key is not ours, or the header says which one it was. */
function keys(scene: TokenScene): HostileToken[] {
  const payload = claimsIn(scene);
  const { secret } = scene;
  const near: [string, string | Buffer][] = [
    ['ours and a letter', `${secret}!`],
    ['ours without its last letter', secret.slice(0, -1)],
    ['ours in capitals', secret.toUpperCase()],
    ['ours as base64', Buffer.from(secret).toString('base64')],
    ['a hash of ours', createHash('sha256').update(secret).digest()],
    ['32 zeros', Buffer.alloc(32)],
  ];
  return [
    ...named('signed with the secret', WRONG_SECRETS, (wrong) => signed(HEADER, payload, String(wrong))),
    ...near.map(([name, wrong]): HostileToken => [`signed with ${name}`, signed(HEADER, payload, wrong)]),
    ...named('signed with nothing, key', KEY_IDS, (kid) => signed({ ...HEADER, kid }, payload, '')),
    ['signed with the address that it names', signed({ ...HEADER, x5u: 'http://127.0.0.1:9/' }, payload, 'http://127.0.0.1:9/')],
    ['signed with the key that it brings', signed({ ...HEADER, jwk: { kty: 'oct', k: 'AAAA' } }, payload, Buffer.from('AAAA', 'base64url'))],
  ];
}

const NO_ID = [undefined, null, '', 7, {}, [], true, 'operator', '__proto__', '../admin', '00000000-0000-4000-8000-000000000000', '\ud800'];
const NO_NAME = [undefined, null, '', 7, {}, [], ['another'], 'another', true];

/** Signed with our secret, but one claim is wrong: what another thing that we sign might hold. */
function claims(scene: TokenScene): HostileToken[] {
  const good = claimsIn(scene);
  const now = Math.floor(Date.now() / 1_000);
  const withClaim = (name: string) => (value: unknown) => signed(HEADER, { ...good, [name]: value }, scene.secret);
  return [
    ...named('for', [...NO_NAME, 'taskledger-second-factor', 'taskledger-api ', 'TASKLEDGER-API'], withClaim('aud')),
    ...named('made by', [...NO_NAME, 'taskledger ', 'Taskledger', 'https://taskledger'], withClaim('iss')),
    ...named('good until', [undefined, null, 'soon', String(now + 600), 0, -1, now - 1, now + 0.5, {}, [], true], withClaim('exp')),
    ...named('good from', [now + 600, 1e300, 'soon', {}, [], true], withClaim('nbf')),
    ...named('made at', [now + 3_600, 1e300, 'before', {}, [], true, 0.5], withClaim('iat')),
    ...named('of the user', [...NO_ID, scene.otherId, [scene.userId], { id: scene.userId }], withClaim('sub')),
    ...named('of the session', [...NO_ID, scene.userId, [good.sid], { $ne: null }], withClaim('sid')),
    ...named('with the payload', ['null', '[]', '"text"', '7', '', '{', '{}', '{"sub":', '\ufeff{}'], (payload) =>
      signed(HEADER, payload, scene.secret),
    ),
    ['with claims that only its prototype has', signed(HEADER, `{"__proto__":${JSON.stringify(good)}}`, scene.secret)],
    ['with a second user', signed(HEADER, JSON.stringify(good).replace('{', '{').replace(/}$/, `,"sub":"${scene.otherId}"}`), scene.secret)],
    ...named('with the header', ['null', '[]', '"HS256"', '', '{', '{}'], (header) => signed(header, good, scene.secret)),
  ];
}

/** A good token that is cut, doubled, spelled or framed in another way. */
function shapes(scene: TokenScene): HostileToken[] {
  const { accessToken: good } = scene;
  const [header = '', payload = '', signature = ''] = good.split('.');
  const changed = (text: string, at: number) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
  return [
    ['nothing', ''],
    ...['.', '..', '...', 'a.b.c', 'null', 'undefined', '[object Object]', '*', '%00', '{}'].map((one): HostileToken => [`the text ${one}`, one]),
    ['no signature', `${header}.${payload}`],
    ['an empty signature', `${header}.${payload}.`],
    ['no header', `.${payload}.${signature}`],
    ['no payload', `${header}..${signature}`],
    ['a fourth part', `${good}.${signature}`],
    ['a fifth part', `${good}.${payload}.${signature}`],
    ['its signature twice', `${good}${signature}`],
    ['itself twice', `${good}${good}`],
    ['itself twice, with a comma', `${good},${good}`],
    ['a letter of its header changed', `${changed(header, 8)}.${payload}.${signature}`],
    ['a letter of its payload changed', `${header}.${changed(payload, 8)}.${signature}`],
    ['a letter of its signature changed', `${header}.${payload}.${changed(signature, 8)}`],
    ['the first letter of its signature changed', `${header}.${payload}.${changed(signature, 0)}`],
    ['a signature cut by a letter', good.slice(0, -1)],
    ['a signature cut by half', `${header}.${payload}.${signature.slice(0, 20)}`],
    ['a letter more', `${good}A`],
    ['padding', `${good}=`],
    ['an escaped dot', `${header}%2E${payload}%2E${signature}`],
    ['its parts turned around', `${signature}.${payload}.${header}`],
    ['capitals', good.toUpperCase()],
    ['small letters', good.toLowerCase()],
    ['quotes', `"${good}"`],
    ['brackets', `<${good}>`],
    ['a space in it', `${header}. ${payload}.${signature}`],
    ['a tab in it', `${header}.${payload}.\t${signature}`],
    ['a word before it', `Bearer ${good}`],
    ['a letter beyond ASCII', `${good}\u00e9`],
    ['ten thousand letters', 'x'.repeat(10_000)],
    ['ten thousand dots', '.'.repeat(10_000)],
    ['a payload of ten thousand letters', signed(HEADER, { ...claimsIn(scene), sub: 'x'.repeat(7_000) }, scene.secret)],
    ['a header that is nested deeply', signed(`${'['.repeat(3_000)}${']'.repeat(3_000)}`, claimsIn(scene), scene.secret)],
  ];
}

/** An API key that is none of ours, or not any more. */
function apiKeys({ apiKey, revokedKey, accessToken }: TokenScene): HostileToken[] {
  return [
    ['an API key that was revoked', revokedKey],
    ['the beginning of API keys', 'tlk_'],
    ['an API key that nobody made', `tlk_${'A'.repeat(apiKey.length - 4)}`],
    ['an API key, cut', apiKey.slice(0, -1)],
    ['an API key and a letter', `${apiKey}A`],
    ['an API key with a letter changed', `${apiKey.slice(0, -1)}${apiKey.endsWith('A') ? 'B' : 'A'}`],
    ['an API key in capitals', `tlk_${apiKey.slice(4).toUpperCase()}`],
    ['an API key without its beginning', apiKey.slice(4)],
    ['an API key whose beginning is in capitals', `TLK_${apiKey.slice(4)}`],
    ['an API key twice', `${apiKey}${apiKey}`],
    ['an API key that is an access token', `tlk_${accessToken}`],
    ['an API key of 9,000 letters', `tlk_${'x'.repeat(9_000)}`],
    ['an API key that is a path', 'tlk_../../keys'],
    ['an API key that is a name of objects', 'tlk___proto__'],
  ];
}

/** What proves something elsewhere, and nothing here. */
function ofOtherUse(scene: TokenScene): HostileToken[] {
  return [
    ['a refresh token', scene.refreshToken],
    ['an access token whose session has ended', scene.ended],
    ['the id of its user', scene.userId],
    ['the id of its session', String(claimsIn(scene).sid)],
    ['the secret with which tokens are signed', scene.secret],
    ["an operator's token that nobody made", 'operator-1'],
    ["an operator's token without an end", 'operator-'],
    ...Object.entries(scene.elsewhere),
  ];
}

/** A good token in a place where none is looked for: the headers of a request, which may come twice, and its query. */
export type HostilePlace = readonly [place: string, headers: readonly [name: string, value: string][], query?: string];

/** Places from which no token is taken. Where a header comes twice, the first counts, as RFC 9110 has only one. */
export function hostilePlaces({ accessToken, apiKey, refreshToken }: TokenScene): HostilePlace[] {
  const authorization = (value: string): readonly [string, string][] => [['authorization', value]];
  const basic = (text: string) => authorization(`Basic ${Buffer.from(text).toString('base64')}`);
  const good = [accessToken, apiKey];
  const named = ['x-access-token', 'x-api-key', 'x-auth-token', 'proxy-authorization', 'authentication', 'x-authorization', 'x-user-id'];
  return [
    ...named.flatMap((name) => good.map((one): HostilePlace => [`the header ${name}`, [[name, `Bearer ${one}`]]])),
    ...['token', 'access_token', 'accessToken', 'jwt', 'Authorization', '__Host-session'].map((name): HostilePlace => {
      return [`the cookie ${name}`, [['cookie', `${name}=${accessToken}; refresh_token=${refreshToken}`]]];
    }),
    ...['access_token', 'token', 'authorization', 'jwt', 'api_key'].map(
      (name): HostilePlace => [`the query’s ${name}`, [], `?${name}=${accessToken}`],
    ),
    ...['', 'Basic ', 'Token ', 'JWT ', 'Digest ', 'Bearer:', 'Bearer,', 'Bearer=', 'Bearerx ', 'Bear er ', 'Bearer Bearer ', '"Bearer" '].flatMap(
      (scheme) => good.map((one): HostilePlace => [`the scheme ${JSON.stringify(scheme)}`, authorization(`${scheme}${one}`)]),
    ),
    ['a user name', basic(`${accessToken}:`)],
    ['a password', basic(`user:${accessToken}`)],
    ['an API key as a password', basic(`api:${apiKey}`)],
    ['the scheme alone', authorization('Bearer')],
    ['the scheme with blanks', authorization('Bearer      ')],
    ['after another token', authorization(`Bearer x.y.z ${accessToken}`)],
    ['before another token', authorization(`Bearer ${accessToken} x.y.z`)],
    ['in the second header', [...authorization('Bearer x.y.z'), ...authorization(`Bearer ${accessToken}`)]],
    ['in the second header, after an empty one', [...authorization(''), ...authorization(`Bearer ${accessToken}`)]],
    ['in the second header, after another scheme', [...basic('user:password'), ...authorization(`Bearer ${accessToken}`)]],
    ['in a cookie, beside a bad header', [...authorization('Bearer x.y.z'), ['cookie', `access_token=${accessToken}`]]],
    ['in the query, beside a bad header', authorization('Bearer x.y.z'), `?access_token=${accessToken}`],
  ];
}

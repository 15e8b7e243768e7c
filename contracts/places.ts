/** The places of the web app: the paths at which the server answers its page. They stand in links that people keep, so they stay. */

/** The paths of the places and dialogs. A parameter (`:task`) is a UUID. */
export const PLACES = [
  '/',
  '/tasks/new',
  '/tasks/:task',
  '/tasks/:task/edit',
  '/tasks/:task/history',
  '/tasks/:task/files/:file',
  '/inbox',
  '/keys',
  '/me',
  '/me/name',
  '/me/picture',
  '/me/email',
  '/me/password',
  '/me/phone',
  '/me/phone-code',
  '/members',
  '/members/invite',
  '/members/:member',
  '/login',
  '/register',
  '/forgotten',
  '/confirm',
  '/reset',
  '/invitation',
  '/address',
  '/sign-in',
] as const;

/** The purposes of one-time codes in mailed links: `/#confirm=<code>`, and each has a place of its name, `/confirm#<code>`. */
export const CODE_PURPOSES = ['confirm', 'reset', 'invitation', 'address'] as const;
export type LinkPurpose = (typeof CODE_PURPOSES)[number];

/** True for a text that may be the code of a mailed link: 256 bits as base64url. Any other is what is left of a link that was cut or changed on its way. */
export function isCodeOfLink(text: string): boolean {
  return /^[\w-]{43}$/.test(text);
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** True where a path is one of the places, with an id in the place of each parameter. */
export function isPlace(path: string): boolean {
  const parts = path.split('/');
  return PLACES.some((place) => {
    const named = place.split('/');
    return named.length === parts.length && named.every((name, at) => (name.startsWith(':') ? ID.test(parts[at] ?? '') : name === parts[at]));
  });
}

/** True where these values of a place's parameters are ids. */
export function areIds(params: Readonly<Record<string, string | undefined>>): boolean {
  return Object.values(params).every((id) => id !== undefined && ID.test(id));
}

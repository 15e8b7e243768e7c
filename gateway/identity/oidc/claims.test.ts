import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ROLES } from '../../../contracts/role.ts';
import { roleToFollow } from './roles.ts';
import { issuerProblem, type OidcSettings, rolesOf, rolesProblem, scopesProblem } from './settings.ts';
import { signedInOf } from './signed-in.ts';

const settings: OidcSettings = {
  issuer: 'https://id.example',
  clientId: 'us',
  name: 'ID',
  scopes: 'openid',
  roles: [],
  only: false,
  authTime: 'strict',
};
const role = fc.constantFrom(...ROLES);

describe('what the claims of an issuer say', () => {
  it('whatever they are, is no fault of ours, and verified only where the very address is', () => {
    const claims = fc.dictionary(fc.constantFrom('email', 'email_verified', 'name', 'preferred_username', 'groups', 'auth_time'), fc.anything());
    fc.assert(
      fc.property(claims, claims, (one, other) => {
        const asked = { ...settings, roleClaim: 'groups', roles: rolesOf('a:staff') };
        const said = signedInOf({ ...one, iss: 'https://id.example', sub: 'me' }, other, asked);
        expect([said.issuer, said.subject]).toEqual(['https://id.example', 'me']);
        if (said.verified) expect([one, other].some((of) => of.email === said.email && of.email_verified === true)).toBe(true);
        if (said.name !== null) expect([...said.name].length).toBeLessThanOrEqual(100);
      }),
    );
  });

  it('takes the word for an address from the claims that name it', () => {
    const idToken = { iss: 'https://id.example', sub: 'me', email: 'me@example.org', email_verified: false };
    expect(signedInOf(idToken, { email: 'other@example.org', email_verified: true }, settings)).toMatchObject({
      email: 'me@example.org',
      verified: false,
    });
    expect(signedInOf(idToken, { email: 'me@example.org', email_verified: true }, settings).verified).toBe(true);
  });

  it('finds the role claim by its name, by the way to it, and nowhere else', () => {
    const asked = { ...settings, roleClaim: 'realm.roles', roles: rolesOf('a:staff,b:security') };
    const of = (claims: object) => signedInOf({ iss: 'i', sub: 's', ...claims }, {}, asked).role;
    expect([
      of({ realm: { roles: ['b', 'a'] } }),
      of({ 'realm.roles': 'b' }),
      of({ realm: 'a' }),
      of({ realm: { roles: { a: 1 } } }),
      of({}),
    ]).toEqual([...['staff', 'security'], ...[null, null, null]]);
    expect(signedInOf({ iss: 'i', sub: 's', roles: ['admin'] }, {}, settings).role).toBeUndefined();
  });
});

describe('the role that somebody is to have', () => {
  it('is never that of an admin, unless a value stands for it', () => {
    fc.assert(
      fc.property(fc.option(role), role, fc.array(role), (said, present, givable) => {
        const roles = givable.map((one) => ({ value: one, role: one }));
        // What is said is one of those that values stand for.
        fc.pre(said === null || givable.includes(said));
        const next = roleToFollow(said, present, { roles });
        if (next === 'admin') expect(givable).toContain('admin');
        if (present === 'admin' && !givable.includes('admin')) expect(next).toBeNull();
        if (next === null) expect(said === null || said === present || present === 'admin').toBe(true);
        expect(roleToFollow(undefined, present, { roles })).toBeNull();
      }),
    );
  });
});

describe('the settings of an issuer', () => {
  it('take https, and http on this machine alone', () => {
    for (const good of ['https://id.example', 'https://id.example/realms/a', 'http://127.0.0.1:4000', 'http://localhost:4000/x', 'http://[::1]:1'])
      expect([good, issuerProblem(good)]).toEqual([good, undefined]);
    for (const bad of [
      'http://id.example',
      'ftp://id.example',
      'id.example',
      'https://id.example?x=1',
      'https://u:p@id.example',
      'http://localhost.evil.example',
    ])
      expect([bad, issuerProblem(bad)]).not.toEqual([bad, undefined]);
  });

  it('read which values stand for which roles, and refuse what is none', () => {
    expect(rolesOf('tl-staff:staff, /a:b : security')).toEqual([
      { value: 'tl-staff', role: 'staff' },
      { value: '/a:b', role: 'security' },
    ]);
    for (const bad of ['', 'a', 'a:', ':staff', 'a:boss', 'a:staff,', 'a:staff,b']) expect([bad, rolesProblem(bad)]).not.toEqual([bad, undefined]);
    expect(rolesProblem('a:staff')).toBeUndefined();
    for (const bad of ['', 'email', 'openid  email', 'openid "x']) expect([bad, scopesProblem(bad)]).not.toEqual([bad, undefined]);
    expect(scopesProblem('openid email')).toBeUndefined();
  });
});

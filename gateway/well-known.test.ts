import { describe, expect, it } from 'vitest';
import type { RouteRequest } from '../platform/http/route.ts';
import { contactProblem, type WellKnown, wellKnownRoutes } from './well-known.ts';

const request: RouteRequest = { params: {}, query: {}, body: undefined, caller: null, header: () => undefined, ip: '127.0.0.1', requestId: 'one' };
const context: WellKnown = {
  securityContact: 'mailto:security@example.org',
  publicUrl: 'https://tasks.example.org',
  now: () => new Date('2026-11-21T09:00:00.000Z'),
};
const answerAt = async (path: string, more: Partial<WellKnown> = {}) =>
  wellKnownRoutes.find(({ row }) => row.path === path)?.answer({ ...context, ...more }, request);

describe('well-known addresses', () => {
  it('say whom to tell of a weakness, for less than a year, and at which address that is said', async () => {
    expect((await answerAt('/.well-known/security.txt'))?.body).toBe(
      'Contact: mailto:security@example.org\nExpires: 2027-02-19T09:00:00.000Z\nCanonical: https://tasks.example.org/.well-known/security.txt\n',
    );
    expect((await answerAt('/.well-known/security.txt', { publicUrl: undefined }))?.body).not.toContain('Canonical');
  });

  it('say nothing of that where nobody is named', async () => {
    await expect(answerAt('/.well-known/security.txt', { securityContact: undefined })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('lead to the icon and to the change of a password, and keep search engines out', async () => {
    expect(await answerAt('/favicon.ico')).toMatchObject({ status: 301, headers: { Location: '/favicon.svg' } });
    expect(await answerAt('/.well-known/change-password')).toMatchObject({ status: 302, headers: { Location: '/me/password' } });
    expect((await answerAt('/robots.txt'))?.body).toBe('User-agent: *\nDisallow: /\n');
  });

  it('take a contact that is an address to write to, and no other text', () => {
    for (const good of ['mailto:security@example.org', 'https://example.org/security', 'tel:+49-30-123456'])
      expect(contactProblem(good)).toBeUndefined();
    for (const bad of ['', 'security@example.org', 'http://example.org/', 'mailto:', 'mailto:a@b\nContact: mailto:c@d', 'https://a b'])
      expect(contactProblem(bad), bad).toContain('must be one address');
  });
});

import { expect, it } from 'vitest';
import { openBrowsers } from './browser.ts';

const cookieOf = (publicUrl: string) =>
  openBrowsers({ hmac: (text) => text, now: () => new Date(0), publicUrl: () => publicUrl }).cookie('x'.repeat(43));

it('the cookie is of this host and TLS alone where the pages are, closed to scripts, and sent along by links alone', () => {
  expect(cookieOf('https://tasks.example.org')).toMatch(/^__Host-taskledger-sign-in=x{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+; Secure$/);
  expect(cookieOf('http://localhost:3000')).toMatch(/^taskledger-sign-in=x{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/);
});

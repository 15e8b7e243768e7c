import { expect, it } from 'vitest';
import { linkedPicturesAt, linksProblem, pagesAt } from './links.ts';

const SMTP = 'smtp://mail.example.org';
const outbox = { MAIL_URL: 'outbox:', PUBLIC_URL: undefined };

it.each([
  ['http://0.0.0.0:3000', 'http://localhost:3000'],
  ['http://[::]:3000', 'http://localhost:3000'],
  ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
  ['http://tasks.lan:3000', 'http://tasks.lan:3000'],
])('links of a process that listens on %s lead to %s', (listening, pages) => {
  expect(pagesAt(outbox, listening)).toBe(pages);
  expect(pagesAt({ PUBLIC_URL: 'https://tasks.example.org' }, listening)).toBe('https://tasks.example.org');
});

it.each([
  ['http://0.0.0.0:3000', SMTP, /^PUBLIC_URL is not set: links in mails lead to http:\/\/localhost:3000, which is no address for other machines\./],
  ['http://[::]:3000', SMTP, /http:\/\/localhost:3000/],
  ['http://127.0.0.1:3000', SMTP, /http:\/\/127\.0\.0\.1:3000, which is no address for other machines/],
  ['http://192.0.2.7:3000', SMTP, /http:\/\/192\.0\.2\.7:3000, where it listens/],
])('a process on %s that mails by %s says where its links lead, in one line', (listening, MAIL_URL, line) => {
  expect(linksProblem({ MAIL_URL, PUBLIC_URL: undefined }, listening)).toMatch(line);
  expect(linksProblem({ MAIL_URL, PUBLIC_URL: undefined }, listening)).not.toContain('\n');
  expect(linksProblem({ MAIL_URL, PUBLIC_URL: 'https://tasks.example.org' }, listening)).toBeUndefined();
});

it('a process that listens for this machine alone, with its outbox, says nothing', () => {
  expect(linksProblem(outbox, 'http://127.0.0.1:3000')).toBeUndefined();
  expect(linksProblem(outbox, 'http://0.0.0.0:3000')).toMatch(/http:\/\/localhost:3000/);
});

it('mails link pictures at the origin of files, else at that of the pages, and only where that is asked for and known', () => {
  const [files, pages] = ['https://files.example.org', 'https://tasks.example.org'];
  const asked = { MAIL_PICTURES: true, MEDIA_PUBLIC_URL: files, PUBLIC_URL: pages };
  expect(linkedPicturesAt(asked)).toBe(files);
  expect(linkedPicturesAt({ ...asked, MEDIA_PUBLIC_URL: undefined })).toBe(pages);
  expect(linkedPicturesAt({ ...asked, MEDIA_PUBLIC_URL: undefined, PUBLIC_URL: undefined })).toBeUndefined();
  expect(linkedPicturesAt({ ...asked, MAIL_PICTURES: false })).toBeUndefined();
});

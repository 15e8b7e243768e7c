import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KINDS } from '../../contracts/notification.ts';
import { render } from './templates.ts';

const DATA = {
  own: false,
  name: 'Bob',
  title: 'Replace the lamp in the hall',
  description: 'The one beside the lift flickers.\nBring a ladder.',
  link: 'https://tasks.example.org/#task=7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07',
};

describe.each(['task_created', 'task_assigned'] as const)('%s', (kind) => {
  it('has the title in its subject, and title, description and link in both bodies', () => {
    const { subject, text, html } = render(kind, DATA);
    expect(subject).toContain(DATA.title);
    for (const part of [DATA.title, DATA.description, DATA.link, 'Bob']) expect(text).toContain(part);
    for (const part of [DATA.title, 'The one beside the lift flickers.<br>Bring a ladder.', `<a href="${DATA.link}">`]) expect(html).toContain(part);
  });
  it('holds the whole of a title of 200 characters outside the basic plane', () => {
    const title = '𝕏'.repeat(200);
    expect(render(kind, { ...DATA, title }).subject).toContain(title);
  });
  it('says nothing of a description where there is none', () =>
    expect(render(kind, { ...DATA, description: '' }).text).not.toMatch(/undefined|\n\n\n/));
});

it('the confirmation holds its link and nothing of a task', () => {
  const link = 'https://tasks.example.org/#confirm=c0de';
  const { subject, text, html } = render('confirm_registration', { name: 'Bob', title: '', description: '', own: false, link });
  expect(subject).toBe('Confirm your registration');
  expect(text).toContain(link);
  expect(html).toContain(`<a href="${link}">`);
  expect(html).not.toContain('blockquote');
});

it('whatever it is given, the subject is one line and HTML has no tags but its own', () => {
  const nasty = fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '\r', '\n', '\0', '\u2028', 'a', '𝕏', ':', '=', 'B', 'c') });
  const tags = (html: string) => html.match(/<\/?[a-z!]+/g)?.filter((tag) => !['<blockquote', '<p', '</p', '<br'].includes(tag));
  fc.assert(
    fc.property(fc.constantFrom(...KINDS), nasty, nasty, nasty, (kind, title, description, name) => {
      const { subject, html } = render(kind, { ...DATA, title, description, name });
      expect(subject).not.toMatch(/[\r\n\0\u2028]/);
      const plain = render(kind, { ...DATA, title: title && 'a', description: description && 'a', name: 'a' }).html;
      expect(tags(html)).toEqual(tags(plain));
    }),
  );
});

it('a mail to the maker of a task that is for nobody else says so', () => {
  expect(render('task_created', { ...DATA, own: true }).text).toContain('you made a task');
  expect(render('task_created', DATA).text).toContain('was made for you');
});

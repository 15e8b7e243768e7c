import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KindWords } from '../contracts/notifications/kind.ts';
import { KINDS, type Kind, kinds } from '../contracts/notifications/kinds.ts';
import type { ToldOfTask } from '../contracts/notifications/task.ts';
import { brief, render, type Words, worded, wordsOf } from './render.ts';

const PAGES = 'https://tasks.example.org';
const TASK: ToldOfTask = kinds.task_created.example;
const LINK = `${PAGES}/#task=${TASK.id}`;
const mailOf = (kind: 'task_created' | 'task_assigned', told = TASK) => render('Bob', wordsOf(kinds[kind], told, PAGES));

describe.each(['task_created', 'task_assigned'] as const)('%s', (kind) => {
  it('has the title in its subject, and title, description and link in both bodies', () => {
    const { subject, text, html } = mailOf(kind);
    expect(subject).toContain(TASK.title);
    for (const part of [TASK.title, TASK.description, LINK, 'Bob']) expect(text).toContain(part);
    for (const part of [TASK.title, 'The one beside the lift flickers.<br>Bring a ladder.', `<a href="${LINK}">`]) expect(html).toContain(part);
  });
  it('holds the whole of a title of 200 characters outside the basic plane', () => {
    const title = '𝕏'.repeat(200);
    expect(mailOf(kind, { ...TASK, title }).subject).toContain(title);
  });
  it('says nothing of a description where there is none', () =>
    expect(mailOf(kind, { ...TASK, description: '' }).text).not.toMatch(/undefined|\n\n\n/));
});

it('the confirmation holds its link and nothing of a task', () => {
  const link = 'https://tasks.example.org/#confirm=c0de';
  const { subject, text, html } = render('Bob', wordsOf(kinds.confirm_registration, { code: 'c0de' }, PAGES));
  expect(subject).toBe('Confirm your registration');
  expect(text).toContain(link);
  expect(html).toContain(`<a href="${link}">`);
  expect(html).not.toContain('blockquote');
});

it('a mail to the maker of a task that is for nobody else says so', () => {
  expect(mailOf('task_created', { ...TASK, own: true }).text).toContain('you made a task');
  expect(mailOf('task_created').text).toContain('was made for you');
});

describe('the pictures of a mail', () => {
  const words: Words = { subject: 'New task', lead: 'a task was made for you:', link: { action: 'Open the task', url: LINK } };
  const links = [
    { name: 'hall <1>.jpg', url: 'https://files.example.org/media/1/2048?user=b&key=k' },
    { name: 'stairs.png', url: 'https://files.example.org/media/2/2048?user=b&key=k' },
  ];
  it('are linked by name in both bodies, before the link to the page', () => {
    const { text, html } = render('Bob', { ...words, pictures: { links, more: 3 } });
    expect(text).toContain(`hall <1>.jpg: ${links[0]?.url}\nstairs.png: ${links[1]?.url}\nand 3 more on the page\n\nOpen the task`);
    expect(html).toContain('<a href="https://files.example.org/media/1/2048?user=b&#38;key=k">hall &#60;1&#62;.jpg</a>');
    expect(html).toContain('<li dir="auto">and 3 more on the page</li>');
    expect(html).not.toContain('<img');
  });
  it('are not spoken of where there are none', () => {
    expect(render('Bob', { ...words, pictures: { links: [], more: 0 } })).toEqual(render('Bob', words));
  });
});

describe('a mail in the words of another backend', () => {
  it.each([
    [{ subject: 'Water\toff', text: 'x' }, 'Water off'],
    [{ subject: '\u200b', text: 'Water off\nat noon' }, 'Water off'],
    [{ text: '\n \u200b\n\u202eWater off\nat noon' }, 'Water off'],
    [{ text: '\u2060' }, 'A message'],
    [{ text: `${'👩‍👩‍👧‍👦'.repeat(40)}` }, '👩‍👩‍👧‍👦'.repeat(28)],
  ])('%j has the subject %s', (content, subject) => expect(worded(content).subject).toBe(subject));

  it('has the direction of its own letters', () => expect(worded({ text: 'שלום' }).html).toContain('<p dir="auto">שלום</p>'));
});

it('lead, quote and link of a mail each have the direction of their own letters', () => {
  const { html } = mailOf('task_created', { ...TASK, title: 'שלום', description: 'hello' });
  expect(html).toContain('<blockquote dir="auto"><strong>שלום</strong><p dir="auto">hello</p></blockquote>');
  expect(html.match(/<(p|blockquote)\b(?! dir="auto")/g)).toBeNull();
});

const nasty = fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '\r', '\n', '\0', '\u2028', 'a', '𝕏', ':', '=', 'B', 'c') });

/** Whatever may be told instead of an example: of the same shape, with any texts, flags and lists. */
function like(example: unknown): fc.Arbitrary<unknown> {
  if (typeof example === 'string') return nasty;
  if (typeof example === 'boolean') return fc.boolean();
  if (typeof example === 'number') return fc.nat();
  if (Array.isArray(example)) return fc.array(fc.oneof(...example.map(like)), { maxLength: 5 });
  if (example === null) return fc.constant(null);
  return fc.record(Object.fromEntries(Object.entries(example as object).map(([name, value]) => [name, like(value)])));
}

/** The same with a plain letter for each text that is not empty. */
function plain(told: unknown): unknown {
  if (typeof told === 'string') return told && 'a';
  if (Array.isArray(told)) return told.map(plain);
  if (told === null || typeof told !== 'object') return told;
  return Object.fromEntries(Object.entries(told).map(([name, value]) => [name, plain(value)]));
}

/** The words of a kind for what has the shape that it takes. */
const wordsFor = (kind: Kind, told: unknown): Words => wordsOf<unknown>(kinds[kind] as KindWords<unknown>, told, PAGES);
const anything = fc.constantFrom(...KINDS).chain((kind) => fc.tuple(fc.constant(kind), like(kinds[kind].example), nasty));

it('whatever is told, of any kind, the subject is one line that is not empty, and HTML has no tags but its own', () => {
  const tags = (html: string) => html.match(/<\/?[a-z!]+/g)?.filter((tag) => !['<blockquote', '<p', '</p', '<br'].includes(tag));
  fc.assert(
    fc.property(anything, ([kind, told, name]) => {
      const { subject, html } = render(name, wordsFor(kind, told));
      expect(subject).toMatch(/^\S/);
      expect(subject).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
      expect(tags(html)).toEqual(tags(render(name && 'a', wordsFor(kind, plain(told))).html));
    }),
    { numRuns: 1_000 },
  );
});

it('whatever is told, of any kind, an SMS leads where its mail leads, after one line', () =>
  fc.assert(
    fc.property(anything, ([kind, told]) => {
      const words = wordsFor(kind, told);
      const end = words.link ? ` ${words.link.url}` : '';
      const text = brief(words);
      expect(text.endsWith(end)).toBe(true);
      expect(text.slice(0, text.length - end.length)).toMatch(/^\S[^\p{Cc}\p{Zl}\p{Zp}]{0,199}$/u);
    }),
  ));

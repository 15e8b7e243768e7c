import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { brief, render, type Words } from '../../render.ts';
import { textEraser } from './text-eraser.ts';

const words = (title: string, description = ''): Words => ({
  subject: `Due soon: ${title}`,
  lead: 'this task is due soon.',
  quote: { title, description },
  link: { action: 'Open the task', url: 'https://tasks.example.org/tasks/7d9f2b2e' },
});

describe('the texts of a person in mails to others', () => {
  it('are replaced in subject, text and HTML, however they are written there, and nothing else is', () => {
    const title = 'Tom & Jerry’s <lamp> "again"';
    const erase = textEraser([title, 'Two\nlines\tof it', 'Anna Lind']);
    const { subject, text, html } = render('Bob', words(title, 'Two\nlines\tof it'));
    expect(erase(subject, 'text')).toBe('Due soon: [erased]');
    expect(erase(text, 'text')).toBe(
      'Hello Bob,\n\nthis task is due soon.\n\n[erased]\n\n[erased]\n\nOpen the task: https://tasks.example.org/tasks/7d9f2b2e\n',
    );
    expect(erase(html, 'html')).toBe(render('Bob', words('[erased]', '[erased]')).html);
    expect(erase('ANNA  LIND wrote; Anna\u00a0Lindgren did not', 'text')).toBe('[erased] wrote; [erased]gren did not');
  });

  it('of a few letters are words of their own, also where a script has no blanks', () => {
    const erase = textEraser(['all', 'ab', '田中太', '王伟', 'Lamp']);
    expect(erase('We shall call all, ab', 'text')).toBe('We shall call [erased], ab');
    expect(erase('昨日田中太さんへ', 'text')).toBe('昨日[erased]さんへ');
    expect(erase('王伟的漏水', 'text')).toBe('[erased]的漏水');
    expect(erase('Lamp Lampshade lamp.', 'text')).toBe('[erased] Lampshade [erased].');
  });

  it('are found where a subject or an SMS was cut, before its link, too', () => {
    const title = 'Replace the lamp above the second door on the left of the hall. '.repeat(4).trim();
    const sms = brief(words(title));
    expect(sms.length).toBeLessThan(title.length);
    expect(textEraser([title])(sms, 'text')).toBe('Due soon: [erased] https://tasks.example.org/tasks/7d9f2b2e');
    expect(textEraser([`${title} And more.`])('Replace the lamp in the cellar.', 'text')).toBe('Replace the lamp in the cellar.');
  });

  it('are not looked for in links and tags, unless they are links', () => {
    const erase = textEraser(['tasks', 'strong', 'dir', 'see https://other.example/x']);
    const mail = render('Bob', words('Sweep', 'See https://other.example/x'));
    expect(erase(mail.text, 'text')).toBe(render('Bob', words('Sweep', '[erased]')).text);
    expect(erase(mail.html, 'html')).toBe(render('Bob', words('Sweep', '[erased]')).html);
  });

  it('are gone from whatever mail, in whatever order they are given, and what is written in other letters stays', () => {
    const alphabet = fc.constantFrom(...'abcAB &<>"\'😀é\n.');
    const texts = fc.array(fc.string({ unit: alphabet, minLength: 8, maxLength: 30 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(texts, fc.string({ unit: fc.constantFrom(...'xyz –'), maxLength: 20 }), (own, others) => {
        const wanted = own.filter((text) => text.replace(/\s/g, '').length >= 8);
        const erase = textEraser(wanted);
        const { html, text } = render('', { subject: '', lead: `${others}:`, quote: { title: `xx ${own.join('\n')} yy`, description: '' } });
        const compact = (it: string) => it.replace(/\s/g, '').toLowerCase();
        const lines = compact(erase(text, 'text'));
        for (const one of wanted) expect(lines.includes(compact(one))).toBe(false);
        const after = erase(html, 'html');
        expect(after).toContain(`<p dir="auto">${others}:</p>`);
        expect(after.match(/<[^>]*>/g)?.filter((tag) => tag !== '<br>')).toEqual(html.match(/<[^>]*>/g)?.filter((tag) => tag !== '<br>'));
      }),
    );
  });
});

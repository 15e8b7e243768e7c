/** The list of who is in the house as a page to print: no scripts and no styles of its own, so that every printer takes it. */
import type { SiteView } from '../../contracts/site.ts';
import type { InsideView } from '../../contracts/visit.ts';
import { escaped } from '../../platform/http/html.ts';

/** A page of HTML with a line for each visit, and a box to tick. Times are those of the site. */
export function insidePage({ at, people, items }: InsideView, { name, timeZone }: Pick<SiteView, 'name' | 'timeZone'>): string {
  const time = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'medium', timeStyle: 'short' });
  const cells = (item: InsideView['items'][number]) => [
    '☐',
    item.name,
    String(item.people),
    item.place ?? '',
    item.plate ?? '',
    time.format(new Date(item.arrivedAt)),
  ];
  const rows = items.map(
    (item) =>
      `<tr>${cells(item)
        .map((cell) => `<td>${escaped(cell)}</td>`)
        .join('')}</tr>`,
  );
  const heads = ['', 'Name', 'People', 'Visits', 'Licence plate', 'Since'].map((head) => `<th>${head}</th>`).join('');
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${escaped(name)}: in the house</title></head><body>`,
    `<h1>${escaped(name)}: in the house</h1>`,
    `<p>${escaped(time.format(new Date(at)))}: ${people} ${people === 1 ? 'visitor' : 'visitors'}</p>`,
    `<table border="1" cellpadding="4"><thead><tr>${heads}</tr></thead><tbody>`,
    ...rows,
    '</tbody></table></body></html>',
    '',
  ].join('\n');
}

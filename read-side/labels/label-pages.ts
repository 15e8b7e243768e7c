/** Pages of labels: the sheet that is printed, and what whoever scans one sees. */
import { escaped } from '../../platform/http/html.ts';
import { qrSvg } from './qr-code.ts';

/** What stands on a label. */
interface Label {
  name: string;
  /** The number of the site; null where the asset has none. */
  code: string | null;
  /** The name of its place; null where none is named. */
  place: string | null;
  link: string;
}

/** The style of a sheet. */
export const SHEET_STYLE = `
@page { margin: 10mm }
body { margin: 0; font: 9pt/1.3 sans-serif; color: #000; background: #fff }
main { display: grid; grid-template-columns: repeat(auto-fill, 60mm); gap: 4mm }
section { box-sizing: border-box; width: 60mm; height: 40mm; padding: 2mm; display: flex; gap: 2mm; border: 0.2mm solid #999; overflow: hidden; break-inside: avoid }
svg { width: 30mm; height: 30mm; flex: none }
h2, p { margin: 0 0 1mm; font-size: inherit; overflow-wrap: anywhere }
@media screen { body { padding: 10mm } }
`;

/** A label, as it stands on a sheet. */
export function labelOnSheet({ name, code, place, link }: Label): string {
  const lines = [code, place].map((text) => (text === null ? '' : `<p>${escaped(text)}</p>`)).join('');
  return `<section>${qrSvg(link)}<div><h2>${escaped(name)}</h2>${lines}<p>Scan to report a fault.</p></div></section>`;
}

/** A sheet of such labels, made to be printed: each is 60 × 40 millimetres, and none is cut by the end of a page. */
export function labelSheet(site: string, labels: readonly string[]): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Labels: ${escaped(site)}</title><style>${SHEET_STYLE}</style></head><body><main>${labels.join('')}</main></body></html>`;
}

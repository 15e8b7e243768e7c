/** Small pages of ours without scripts and styles, for whoever opens a link in a browser. */

/** A text as it stands in HTML. */
export const escaped = (text: unknown) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** A page with a heading; `body` is HTML. */
export function smallPage(title: string, body: string): string {
  const heading = escaped(title);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${heading}</title></head><body><h1>${heading}</h1>${body}</body></html>`;
}

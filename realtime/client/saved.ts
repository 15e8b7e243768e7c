/** Milliseconds after which a browser surely has begun to write the file. */
const BEGUN = 60_000;

/** Has the browser save something as a file. */
export function saveFile(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), BEGUN);
}

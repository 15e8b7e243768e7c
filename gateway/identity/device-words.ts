/** What a browser says of itself (User-Agent, RFC 9110, 10.1.5), in words by which its owner knows it again: `Firefox on Windows`. */

/** The first that fits counts: browsers name those before them that they want to be taken for. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\b(OPR|OPT|Opera)\b/, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|CriOS|Chromium|HeadlessChrome)\//, 'Chrome'],
  [/\bVersion\/.*\bSafari\//, 'Safari'],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\b(Macintosh|Mac OS X|Darwin)\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

/** The device of a session in words; `an unknown device` for a client that says nothing by which it is known. */
export function deviceWords(userAgent: string | null): string {
  if (!userAgent) return 'an unknown device';
  const nameIn = (names: typeof BROWSERS) => names.find(([pattern]) => pattern.test(userAgent))?.[1];
  const browser = nameIn(BROWSERS) ?? productOf(userAgent);
  const system = nameIn(SYSTEMS);
  return [browser, system].filter(Boolean).join(' on ') || 'an unknown device';
}

/** The name of a client that is no browser, as `curl` of `curl/8.5.0`. */
function productOf(userAgent: string): string | undefined {
  const [, product] = /^([A-Za-z][\w.-]{0,30})(\/|$)/.exec(userAgent) ?? [];
  return product === 'Mozilla' ? undefined : product;
}

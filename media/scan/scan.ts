/**
 * The port to a scanner for malware, which an operator may set. Where one is set, no file is given out before it was found clean, and a scanner that is
 * away holds files back.
 *
 *     const scanner = openScanner('clamd:/run/clamav/clamd.ctl');
 *     const { found } = await scanner.scan('/data/spool/x');  // null, or the name of what was found
 */
import { Unavailable } from '../../platform/absences/unavailable.ts';
import { clamdScanner } from './clamd.ts';
import { commandScanner } from './command.ts';

export interface ScanVerdict {
  /** The scanner's name for what it found; null: the file is clean. */
  found: string | null;
}

export interface FileScanner {
  /** Has a local file looked at. Error: ScannerAway where nobody can say what it is; it is to be tried again. */
  scan(path: string, signal?: AbortSignal): Promise<ScanVerdict>;
}

/** The scanner does not answer, or says that it cannot. */
export class ScannerAway extends Unavailable {
  override readonly name = 'ScannerAway';
  readonly dependency = 'the scanner of files';
  readonly answer = 'Files cannot be scanned right now. Try again.';
}

/** The scanner of a setting: `clamd:/path/of/socket`, `clamd://host:3310`, `command:/path/of/program`; undefined where none is set. */
export function openScanner(setting: string | undefined, patience?: number): FileScanner | undefined {
  if (setting === undefined) return undefined;
  if (setting.startsWith('command:')) return commandScanner(setting.slice('command:'.length), patience);
  if (!setting.startsWith('clamd://')) return clamdScanner({ path: setting.slice('clamd:'.length) }, patience);
  const { hostname, port } = new URL(setting.replace('clamd:', 'http:'));
  return clamdScanner({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 3_310) }, patience);
}

/** What is wrong with a setting; undefined where nothing is. */
export function scanProblem(setting: string): string | undefined {
  if (/^(clamd|command):\/[^/]/.test(setting)) return undefined;
  if (/^clamd:\/\/[^/?#]+$/.test(setting) && URL.canParse(setting.replace('clamd:', 'http:'))) return undefined;
  return 'must be clamd:/path/of/socket, clamd://host:3310 or command:/path/of/program';
}

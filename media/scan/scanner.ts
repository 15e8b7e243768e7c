/**
 * The port to a scanner for malware: it is given a local file and finds it clean, or names what it found.
 *
 *     const found = await scanner.scan('/data/spool/x', signal);
 *     if (!found.clean) refuse(found.name);
 */
export interface Scanner {
  /** Looks at a file. It rejects where the scanner cannot be asked now; the file then waits. */
  scan(path: string, signal: AbortSignal): Promise<{ clean: true } | { clean: false; name: string }>;
}

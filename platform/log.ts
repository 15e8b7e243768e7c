/** The log of a process: one JSON line an event, on standard error. */
import { type Logger, type LoggerOptions, pino } from 'pino';
import { outletOf } from './outlet.ts';

/**
 * Opens the log. It waits for nobody who reads it, and does not end with them.
 *
 *     const log = openProcessLog({ level: 'warn' });
 */
export function openProcessLog(options: LoggerOptions): Logger {
  return pino(options, outletOf(2));
}

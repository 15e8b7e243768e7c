import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileTrouble } from './file-trouble.ts';

let folder: string;
const file = () => join(folder, 'a.db');
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trouble-'));
  writeFileSync(file(), '');
});
afterEach(() => rmSync(folder, { recursive: true }));

const ofSystem = (code: string) => Object.assign(new Error(`${code}: it is so, open '${file()}'`), { code, syscall: 'open' });
const ofSqlite = (errcode: number, message = 'no') => Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode });
const wrapped = (cause: Error) => new Error('it failed', { cause });
/** As a thread tells it: its words are left. */
const told = (message: string) => new Error(`The event store cannot be used: ${message}.`);

describe('why a file cannot be used', () => {
  it.each<[string, RegExp, (() => Error)[]]>([
    [
      'its disk is full',
      /^its disk is full.*Make room/,
      [
        () => ofSystem('ENOSPC'),
        () => ofSystem('EDQUOT'),
        () => ofSqlite(13),
        () => told('database or disk is full'),
        () => told('EFBIG: file too large, write'),
      ],
    ],
    [
      'it is another user’s',
      /may not read and write.*chown/,
      [() => ofSystem('EACCES'), () => ofSqlite(14), () => ofSqlite(1032), () => told('unable to open database file')],
    ],
    ['its file system can only be read', /can only be read/, [() => ofSystem('EROFS'), () => wrapped(ofSystem('EROFS'))]],
    ['another program has it', /another program has it locked/, [() => ofSqlite(5), () => wrapped(ofSqlite(261)), () => told('database is locked')]],
    ['its disk refuses', /refuses to read or write.*ulimit -f/, [() => ofSystem('EIO'), () => ofSqlite(778), () => told('disk I/O error')]],
    ['too many files are open', /ulimit -n/, [() => ofSystem('EMFILE')]],
  ])('is that %s', (_name, text, errors) => {
    for (const error of errors) expect(fileTrouble(file(), error())?.text, String(error())).toMatch(text);
  });

  it('is that it is a folder', () => {
    expect(fileTrouble(folder, ofSqlite(14))?.text).toMatch(/^it is a folder/);
  });

  it('is nothing where the error speaks of what is in the file, of a server, or of a mistake', () => {
    const others = [
      ofSqlite(11),
      ofSqlite(26),
      Object.assign(ofSystem('ECONNREFUSED'), { syscall: 'connect' }),
      told('ECONNREFUSED: no'),
      new TypeError('a mistake'),
      'no error',
    ];
    for (const error of others) expect(fileTrouble(file(), error), String(error)).toBeNull();
  });
});

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type FileScanner, openScanner, ScannerAway, scanProblem } from './scan.ts';

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'scan-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A scanner that is a shell script. */
function scripted(script: string, patience?: number): FileScanner {
  const path = join(folder(), 'scanner');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o700);
  return openScanner(`command:${path}`, patience) as FileScanner;
}

/** A daemon that answers a connection by what `hears` says of all that came so far. */
function daemon(hears: (text: string, socket: Socket) => string | undefined, patience?: number): FileScanner {
  const path = join(folder(), 'clamd');
  const server = createServer((socket) => {
    let heard = '';
    socket
      .on('error', () => {})
      .on('data', (piece) => {
        heard += piece.toString('latin1');
        const answer = hears(heard, socket);
        if (answer !== undefined) socket.end(answer);
      });
  }).listen(path);
  onTestFinished(() => void server.close());
  return openScanner(`clamd:${path}`, patience) as FileScanner;
}

function file(text: string): string {
  const path = join(folder(), 'file');
  writeFileSync(path, text);
  return path;
}

it('takes from a command that a file is clean, or what is in it', async () => {
  expect(await scripted('exit 0').scan(file('x'))).toEqual({ found: null });
  expect(await scripted('grep -q bad "$1" && echo "Bad thing" && exit 1; exit 0').scan(file('a bad one'))).toEqual({ found: 'Bad thing' });
});

it('takes from a command that cannot say, is not there or does not end, that nobody knows', async () => {
  await expect(scripted('exit 2').scan(file('x'))).rejects.toBeInstanceOf(ScannerAway);
  await expect(scripted('exec sleep 600', 50).scan(file('x'))).rejects.toBeInstanceOf(ScannerAway);
  await expect(openScanner('command:/nowhere/scanner')?.scan(file('x'))).rejects.toBeInstanceOf(ScannerAway);
});

const END = '\0\0\0\0';

it('sends a file to clamd in pieces with their lengths, and understands what it answers', async () => {
  let sent = '';
  const clean = daemon((text) => {
    sent = text;
    return text.endsWith(END) ? 'stream: OK\0' : undefined;
  });
  expect(await clean.scan(file('abc'))).toEqual({ found: null });
  expect(sent).toBe(`zINSTREAM\0\0\0\0\u0003abc${END}`);
  const infected = daemon((text) => (text.endsWith(END) ? 'stream: Ours.Test.UNOFFICIAL FOUND\0' : undefined));
  expect(await infected.scan(file('abc'))).toEqual({ found: 'Ours.Test.UNOFFICIAL' });
});

it('takes from a clamd that refuses, hangs up, says nothing or is not there, that nobody knows', async () => {
  const tooLong = daemon(() => 'INSTREAM size limit exceeded. ERROR\0');
  await expect(tooLong.scan(file('x'.repeat(5_000_000)))).rejects.toThrow(/StreamMaxLength|clamd cannot be asked/);
  await expect(daemon((_, socket) => void socket.destroy()).scan(file('x'))).rejects.toBeInstanceOf(ScannerAway);
  await expect(daemon(() => undefined, 50).scan(file('x'))).rejects.toBeInstanceOf(ScannerAway);
  await expect(openScanner('clamd:/nowhere/clamd')?.scan(file('x'))).rejects.toBeInstanceOf(ScannerAway);
});

it('names what a setting must be', () => {
  expect(['clamd:/run/clamd.ctl', 'clamd://scanner:3310', 'clamd://[::1]:3310', 'command:/usr/bin/clamdscan'].map(scanProblem)).toEqual(
    Array(4).fill(undefined),
  );
  for (const wrong of ['', 'clamd', 'clamd:', 'command:clamscan', 'http://scanner']) expect(scanProblem(wrong), wrong).toMatch(/^must be/);
  expect(openScanner(undefined)).toBeUndefined();
});

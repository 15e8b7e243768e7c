/** The options of the commands. What is wrong with those that somebody typed is told before anything else is looked at. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { ConfigError } from './config.ts';

const FLAG = { type: 'boolean' } as const;
const VALUE = { type: 'string' } as const;

/** Commands that have options, but for `--help`, which all have. */
const OPTIONS: Readonly<Record<string, NonNullable<ParseArgsConfig['options']>>> = {
  'dead-letters': { all: FLAG, unknown: FLAG },
  users: { password: FLAG, out: VALUE, force: FLAG },
  notifier: { workers: VALUE, deliver: VALUE },
};

/** The words behind a command: the values of its options by name, and the rest, in order. */
export interface CommandWords {
  values: Readonly<Record<string, string | boolean | undefined>>;
  words: readonly string[];
}

/** Reads the words behind a command. Error: ConfigError that names an option which it does not have, or one without its value. */
export function commandWords(command: string, args: readonly string[]): CommandWords {
  const options = (Object.hasOwn(OPTIONS, command) && OPTIONS[command]) || {};
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    return { values: values as CommandWords['values'], words: positionals };
  } catch (error) {
    // What follows the first sentence is how to pass a word that looks like an option, which nothing here takes.
    const [said = ''] = (error as Error).message.split('. ');
    throw misused(command, said.replace(/\.$/, ''));
  }
}

/** The error of words that a command does not take: what is wrong with them, and where it is said how it is used. */
export function misused(command: string, said: string): ConfigError {
  return new ConfigError(`${command}: ${said}. How it is used says: npm start -- ${command} --help`);
}

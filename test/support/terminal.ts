import { stripVTControlCharacters } from 'node:util';
import { spawn } from '@lydell/node-pty';
import { onTestFinished } from 'vitest';

/** A process in a pseudo-terminal, with a person who waits for what they read. */
export interface Terminal {
  /** All that was shown, without control sequences. */
  output(): string;
  /** Resolves when a text appears after the last one that was waited for. */
  reads(text: string): Promise<void>;
  type(keys: string): void;
  readonly exitCode: Promise<number>;
}

export const keys = {
  enter: '\r',
  down: '\x1b[B',
  space: ' ',
  clear: '\x15',
  ctrlC: '\x03',
  ctrlD: '\x04',
};

const patienceMs = 15_000;

export function openTerminal(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): Terminal {
  const child = spawn(process.execPath, [...args], {
    cwd,
    cols: 220, // nothing wraps
    rows: 40,
    env: { TERM: 'xterm', ...env },
  });
  let raw = '';
  let seen = 0;
  let ended = false;
  let onChange = (): void => {};
  const output = (): string => stripVTControlCharacters(raw);
  child.onData((chunk) => {
    raw += chunk;
    onChange();
  });
  const exitCode = new Promise<number>((resolve) => {
    child.onExit((exit) => {
      ended = true;
      onChange();
      resolve(exit.exitCode);
    });
  });
  onTestFinished(() => {
    if (!ended) child.kill('SIGKILL');
  });

  const reads = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const fail = (why: string): void =>
        reject(new Error(`"${text}": ${why}:\n${output().slice(seen)}`));
      const timer = setTimeout(() => fail('not shown in time'), patienceMs);
      onChange = () => {
        const at = output().indexOf(text, seen);
        if (at === -1 && !ended) return;
        clearTimeout(timer);
        onChange = () => {};
        if (at === -1) return fail('the process ended');
        seen = at + text.length;
        resolve();
      };
      onChange();
    });

  return { output, reads, type: (text) => child.write(text), exitCode };
}

import { createReadStream } from 'node:fs';
import { OptionError } from '../start/options.ts';
import { readLogGroup } from './log-group.ts';
import type { Input } from './options.ts';
import { type Line, readLines, unpack } from './read-lines.ts';
import { sampleLines } from './sample-lines.ts';
import { SourceError } from './source-error.ts';

/** One thing that lines are read from. */
export interface Source {
  readonly name: string;
  readonly lines: AsyncIterable<Line>;
}

export interface SourceOptions {
  readonly input: Input;
  readonly now: Date;
  readonly sinceMs: number | undefined;
}

export function openSources({ input, now, sinceMs }: SourceOptions): readonly Source[] {
  if (input.from === 'sample') return [{ name: 'sample data', lines: sampleLines(now) }];
  if (input.from === 'files') return input.paths.map(openFile);
  const from = now.getTime() - (sinceMs ?? 0);
  return input.names.map((name) => ({
    name,
    lines: readLogGroup({ name, from, to: now.getTime() }),
  }));
}

function openFile(path: string): Source {
  const name = path === '-' ? 'standard input' : path;
  return { name, lines: readBytes(name, path === '-' ? process.stdin : createReadStream(path)) };
}

async function* readBytes(name: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  try {
    yield* readLines(unpack(bytes));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if ('code' in error && String(error.code).startsWith('Z_')) {
      throw new SourceError(`${name} is damaged or ends in the middle: ${error.message}`);
    }
    throw new OptionError(`Cannot read ${name}: ${error.message}`, { cause: error });
  }
}

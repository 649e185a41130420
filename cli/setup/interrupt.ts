/** What Ctrl-C does at each stage. */
export interface Interrupt {
  /** Aborts prompts when the terminal's input ends. */
  readonly signal: AbortSignal;
  /** Runs work that one Ctrl-C does not interrupt: it takes effect when the work is done. */
  finish<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Writes the last line. */
  say(): void;
}

/** The person left. That is not a fault. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

const exitCode = 130; // as a shell reports an end by SIGINT

type Stage = 'before' | 'writing' | 'after';

const lastLine: Readonly<Record<Stage, string>> = {
  before: 'Stopped. Nothing was written.',
  writing: 'Stopped in the middle of writing: run npm run setup again before you deploy.',
  after: 'Stopped. The parameters are written.',
};

/** Takes SIGINT over, and Ctrl-D at a prompt, at which Inquirer would wait forever. */
export function createInterrupt(
  input: NodeJS.ReadStream,
  write: (text: string) => void,
): Interrupt {
  const controller = new AbortController();
  let stage: Stage = 'before';
  let wanted = false;
  const say = (): void => write(`\n${lastLine[stage]}\n`);

  process.on('SIGINT', () => {
    if (stage === 'writing' && !wanted) {
      wanted = true;
      return write('\nFinishing what is being written ...\n');
    }
    say();
    process.exit(exitCode);
  });
  if (input.isTTY) {
    input.on('keypress', (_text: unknown, key: { ctrl?: boolean; name?: string }) => {
      if (key.ctrl && key.name === 'd') controller.abort();
    });
  }
  return {
    signal: controller.signal,
    say,
    finish: async (work) => {
      stage = 'writing';
      const result = await work();
      stage = 'after';
      if (wanted) throw new InterruptedError();
      return result;
    },
  };
}

import type { SSMClientConfig } from '@aws-sdk/client-ssm';
import type { Loopback } from './answers.ts';
import type { Interrupt } from './interrupt.ts';
import type { Environment, SetupOptions } from './options.ts';

/** One set-up. */
export interface Session {
  readonly options: SetupOptions;
  /** There is a terminal to ask in. */
  readonly interactive: boolean;
  readonly loopback: Loopback | undefined;
  readonly prompts: PromptContext;
  readonly interrupt: Interrupt;
  /** Absent members come from the environment. */
  readonly ssm: SSMClientConfig;
  readonly environment: Environment;
  print(text: string): void;
}

/** What every prompt needs besides its question. */
export interface PromptContext {
  readonly signal: AbortSignal;
}

/** The set-up cannot go on. The message is for the person, with the remedy and without secrets. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}

import type { SSMClientConfig } from '@aws-sdk/client-ssm';
import type { Loopback } from './draft.ts';
import type { Interrupt } from './interrupt.ts';
import type { SetupOptions } from './options.ts';
import type { PromptContext } from './questions.ts';

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
  readonly kmsArn: string | undefined;
  print(text: string): void;
}

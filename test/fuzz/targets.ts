import { ofAnswers } from './answers.ts';
import { ofMessages } from './messages.ts';
import { ofParameters } from './parameters.ts';
import { ofRequests } from './requests.ts';
import type { Target } from './target.ts';

/** Every parser of what comes from outside. */
export const targets: readonly Target[] = [
  ...[...ofMessages, ...ofParameters, ...ofAnswers, ...ofRequests],
];

import type { Cloud } from '../../emulator/cloud.ts';
import type { SetupOptions } from './options.ts';

/** The embedded cloud's own project, account and keys; in a terminal the rest is asked. */
export function fillIn(options: SetupOptions, cloud: Cloud, interactive: boolean): SetupOptions {
  const { draft, instances, yes } = options;
  const asksNothing = yes || !interactive;
  return {
    ...options,
    draft: {
      ...draft,
      ...cloud.iam.user,
      ...cloud.accessKeys,
      projectId: cloud.projectId,
      authMode: draft.authMode ?? (asksNothing ? 'token' : undefined),
    },
    instances: instances ?? (asksNothing ? 'all' : undefined),
    yes: asksNothing,
  };
}

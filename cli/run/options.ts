import type { Parsed } from '../options.ts';
import { readStageName } from '../stages.ts';
import { runOptions } from '../start/options.ts';

export const realRunCommand = {
  name: 'run',
  about: `Runs the packaged "scheduled" handler once, from this machine, against a real project. It asks before it calls. What
does not fit into the run goes to the queue in SYNC_QUEUE_URL, if that is set.`,
  options: {
    stage: {
      group: 'Project',
      example: 'prod',
      help: 'that of stages/prod.env',
      read: readStageName,
    },
    ...runOptions,
    yes: { help: 'call without asking', short: 'y' },
  },
  notes: `Without a stage, set DDM_ENDPOINT, DDM_PROJECT_ID and PARAMETER_PREFIX. All other settings of docs/configuration.md
are passed on. AWS region and credentials as for the aws command (AWS_PROFILE, ...). Exit code: 0 every instance was
accepted, queued or skipped; 1 one was not, or the run failed; 2 wrong options or settings.`,
} as const;

export type RealRunOptions = Parsed<typeof realRunCommand>;

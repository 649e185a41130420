import { stagesOption } from '../stages.ts';

export const deployCommand = {
  name: 'deploy',
  about: `Checks the settings of every stage that it is given, builds, deploys the stages one after the other, and
replaces their tokens, so that they work at once. It deploys nothing if a setting of any of them is wrong,
and stops at the first stage that fails.`,
  options: {
    stage: stagesOption,
    dryRun: { help: 'check the settings and make the template (.serverless/), but deploy nothing' },
    force: { help: 'deploy even if nothing has changed' },
    verbose: { help: 'show what CloudFormation does' },
  },
  notes: `Settings: stages/<stage>.env (docs/deployment.md); without that file, the environment. AWS credentials: AWS_PROFILE
in that file, or whatever the environment has. Exit code: 0 done, 1 a stage failed, 2 wrong options or settings.`,
} as const;

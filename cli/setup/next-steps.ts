import type { Place } from './draft.ts';

export interface Deployment extends Place {
  readonly awsRegion: string;
  readonly authMode: 'token' | 'aksk';
  readonly stage: string;
  readonly prefix: string;
}

/** The path that serverless.yml takes where nothing else is set. */
export function defaultPrefix(stage: string): string {
  return `/ddm-sync/${stage}`;
}

/** The commands that come after the set-up. */
export function nextSteps(deployment: Deployment): string {
  const { authMode, awsRegion, ddmEndpoint, prefix, projectId, stage } = deployment;
  const lines = [
    `export AWS_REGION=${awsRegion}`,
    `export DDM_ENDPOINT=${ddmEndpoint} DDM_PROJECT_ID=${projectId}`,
    ...(prefix === defaultPrefix(stage) ? [] : [`export PARAMETER_PREFIX=${prefix}`]),
    ...(authMode === 'aksk' ? ['export AUTH_MODE=aksk'] : []),
    `npm run deploy -- --stage ${stage}`,
  ];
  return ['Set up. Next:', ...lines.map((line) => `  ${line}`)].join('\n');
}

export const embeddedSteps = `This was the embedded cloud: nothing is left of it. For a real project:
  npm run setup`;

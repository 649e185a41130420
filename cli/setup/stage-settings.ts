import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Stage, stagePath } from '../../infra/stage.ts';
import { changeStageFile, renderStageFile } from '../../infra/stage-file.ts';
import type { Place } from './answers.ts';

interface Answers extends Place {
  readonly authMode: 'token' | 'aksk';
  readonly awsRegion: string;
  readonly prefix: string;
  /** Whether the user may list the instances, with which rotate-token tests a new token. */
  readonly mayList: boolean;
  /** Separated by commas. */
  readonly alarmEmail: string | undefined;
  /** The endpoints do not follow from one another. */
  readonly isLoopback: boolean;
}

/** What a set-up writes into the file of the stage. */
export interface StagePlan {
  readonly path: string;
  readonly text: string;
  /** What the file says otherwise so far. */
  readonly changes: readonly string[];
}

export function planStage({ env, file, name }: Stage, answers: Answers): StagePlan {
  const path = stagePath(name);
  const { AWS_PROFILE, PARAMETER_KMS_ARN, RUNBOOK_URL, WATCH_SERVICE_TYPES } = env;
  const { alarmEmail } = answers;
  const values = {
    DDM_ENDPOINT: answers.ddmEndpoint,
    ...(answers.isLoopback && { IAM_ENDPOINT: answers.iamEndpoint }),
    DDM_PROJECT_ID: answers.projectId,
    PARAMETER_PREFIX: answers.prefix,
    AUTH_MODE: answers.authMode,
    ...(answers.cloudDomains && { CLOUD_DOMAINS: answers.cloudDomains }),
    ...(!answers.mayList && { ROTATION_PROOF: 'off' }),
    ...(PARAMETER_KMS_ARN && { PARAMETER_KMS_ARN }),
    ...(WATCH_SERVICE_TYPES && { WATCH_SERVICE_TYPES }),
    ...(alarmEmail && { ALARM_EMAIL: alarmEmail }),
    ...(RUNBOOK_URL && { RUNBOOK_URL }),
    AWS_REGION: answers.awsRegion,
    ...(AWS_PROFILE && { AWS_PROFILE: file?.AWS_PROFILE ?? AWS_PROFILE }),
  };
  if (!file) return { path, text: renderStageFile(values), changes: [] };
  const changes = Object.entries(values)
    .filter(([variable, value]) => file[variable] !== value)
    .map(([variable, value]) => `${variable} ${value} (so far ${file[variable] ?? 'not set'})`);
  return { path, text: changeStageFile(readFileSync(path, 'utf8'), values), changes };
}

export function describeStagePlan({ changes, path }: StagePlan): string {
  const list = changes.map((change) => `  ${change}`);
  return [`Settings of the stage in ${path}, without secrets`, ...list].join('\n');
}

export function writeStage({ path, text }: StagePlan): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

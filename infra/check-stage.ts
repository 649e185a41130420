import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseSettings, settings } from '../lib/config.ts';
import type { Setting } from '../lib/config-setting.ts';
import { isLoopback } from '../lib/hosts.ts';
import { deploymentSettings } from './deployment-settings.ts';
import { checkStageName, type Env, type Stage, stagePath } from './stage.ts';

const require = createRequire(import.meta.url);
const { schedulePeriodSeconds } = require('./schedule-period.cjs');

/** The settings of lib/config.ts that the template gives the functions, whatever the environment says. */
const setByTemplate = [
  'SYNC_QUEUE_URL',
  'CHANGE_QUEUE_URL',
  'FOLLOW_QUEUE_URL',
  'CHANGE_WINDOW_SECONDS',
  'SYNC_MAX_RECEIVES',
  'OWNERS_BUCKET',
];

/** The settings of a stage, in the order of docs/configuration.md. */
export const stageSettings: readonly Setting<unknown>[] = [
  ...Object.values<Setting<unknown>>(settings).filter(
    ({ variable }) => !setByTemplate.includes(variable),
  ),
  ...Object.values<Setting<unknown>>(deploymentSettings),
];

const variables = stageSettings.map(({ variable }) => variable);

/** Everything that makes a stage wrong, each with its remedy. */
export function problemsOf({ env, file, name }: Stage): readonly string[] {
  const nameVerdict = checkStageName(name);
  const table = Object.fromEntries(stageSettings.map((one) => [one.variable, one]));
  const { problems } = parseSettings(table, env);
  const isRefused = (variable: string) => problems.some((one) => one.startsWith(`${variable} `));
  return [
    ...(nameVerdict === true ? [] : [nameVerdict]),
    ...problems,
    ...unknownOf(name, file),
    ...setByTemplate
      .filter((one) => env[one])
      .map((one) => `${one} is set: unset it, the template sets it`),
    ...loopbackOf(env),
    ...jwtOf(env),
    ...topicOf(env),
    ...(isRefused('SYNC_SCHEDULE') ? [] : scheduleOf(env)),
    ...(isRefused('CLOUD_CA_FILE') ? [] : authorityOf(env)),
  ];
}

/** A mistyped variable would leave the setting at its default. */
function unknownOf(name: string, file: Env = {}): readonly string[] {
  return Object.keys(file)
    .filter((variable) => !variables.includes(variable) && !setByTemplate.includes(variable))
    .map(
      (variable) =>
        `${variable} in ${stagePath(name)} is not a setting: docs/configuration.md lists them`,
    );
}

function loopbackOf(env: Env): readonly string[] {
  return ['DDM_ENDPOINT', 'IAM_ENDPOINT', 'CTS_ENDPOINT']
    .filter((one) => URL.canParse(env[one] ?? '') && isLoopback(new URL(env[one] ?? '')))
    .map((one) => `${one} is "${env[one]}": a function on AWS cannot reach this machine`);
}

function jwtOf(env: Env): readonly string[] {
  if (env.HTTP_AUTHORIZER !== 'jwt') return [];
  return [deploymentSettings.jwtIssuer, deploymentSettings.jwtScope]
    .filter(({ variable }) => !env[variable])
    .map(
      ({ form, variable }) =>
        `${variable} is not set: with HTTP_AUTHORIZER=jwt, set ${form.values}`,
    );
}

function topicOf({ ALARM_EMAIL, ALARM_TOPIC_ARN }: Env): readonly string[] {
  if (!ALARM_EMAIL || !ALARM_TOPIC_ARN) return [];
  return [
    'ALARM_EMAIL and ALARM_TOPIC_ARN are both set: subscribe the addresses to that topic, and leave ALARM_EMAIL out',
  ];
}

function scheduleOf(env: Env): readonly string[] {
  try {
    schedulePeriodSeconds(env);
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function authorityOf({ CLOUD_CA_FILE: path }: Env): readonly string[] {
  if (!path) return [];
  if (!existsSync(path)) return [`CLOUD_CA_FILE is "${path}": there is no such file`];
  try {
    new X509Certificate(readFileSync(path));
    return [];
  } catch {
    return [`CLOUD_CA_FILE is "${path}": the file has no certificate in PEM`];
  }
}

/** For one deployment, or for one person: these may differ from the file of the stage. */
const ofTheEnvironment = ['CANARY', 'AWS_PROFILE', 'AWS_REGION'];

/**
 * Settings of the environment that the file of a stage does not have so: the next deployment, from another shell, would
 * undo them.
 */
export function conflictsOf({ file, name }: Stage, environment: Env): readonly string[] {
  if (!file) return [];
  return variables
    .filter((one) => !ofTheEnvironment.includes(one))
    .filter((one) => environment[one]?.trim() && environment[one] !== file[one])
    .map((one) => {
      const inFile = file[one] === undefined ? 'not' : `"${file[one]}"`;
      return `${one} is "${environment[one]}" in the environment and ${inFile} in ${stagePath(name)}: unset it, or write it into the file`;
    });
}

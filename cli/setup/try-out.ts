import { randomUUID } from 'node:crypto';
import { type App, createApp } from '../../lib/app.ts';
import type { Store } from '../../lib/aws/parameter-store.ts';
import { createParameters } from '../../lib/aws/parameters.ts';
import type { LogFields, RunLog } from '../../lib/sync/ledger.ts';
import { runSync } from '../../lib/sync/run.ts';
import { hoursUntil } from '../../lib/token/expiry.ts';
import type { Place } from './draft.ts';

export interface AppSettings extends Place {
  readonly prefix: string;
  readonly authMode: 'token' | 'aksk';
  readonly store: Store;
  /** What the service warns of, in words. */
  readonly onWarning: (text: string) => void;
}

/** The service as it will be deployed, with a log for a person. */
export function createSetupApp({ onWarning, store, ...settings }: AppSettings): App {
  const app = createApp({
    DDM_ENDPOINT: settings.ddmEndpoint,
    IAM_ENDPOINT: settings.iamEndpoint,
    DDM_PROJECT_ID: settings.projectId,
    PARAMETER_PREFIX: settings.prefix,
    AUTH_MODE: settings.authMode,
  });
  const { authMode, prefix } = settings;
  const parameters = createParameters({ store, prefix, authMode, clock: app.clock });
  const fleet = () => parameters.fleet();
  return { ...app, parameters, fleet, log: createQuietLog(onWarning) };
}

function createQuietLog(onWarning: (text: string) => void): RunLog {
  const quiet = (): void => {};
  const warning = (message: string, fields: LogFields): void =>
    onWarning(`Warning: ${message}${fields.reason ? `: ${fields.reason}` : ''}`);
  return {
    warning,
    outcome: quiet,
    retry: quiet,
    problem: quiet, // it is thrown as well
    report: quiet,
    batch: quiet,
    notice: quiet,
    ignored: quiet,
    notificationRefused: quiet,
    tokenHoursLeft: quiet,
    ended: quiet,
    ends: quiet,
  };
}

export interface TryOut {
  readonly works: boolean;
  readonly text: string;
}

const dryRunMs = 60_000;

/** One dry run of the service on what is written now, in plain words. @throws {ParameterError} */
export async function tryOut(app: App, expected: number): Promise<TryOut> {
  const request = { runId: randomUUID(), trigger: 'schedule', dryRun: true } as const;
  const { report } = await runSync(app, { ...request, remainingMs: dryRunMs });
  const secret = await app.parameters.secret();
  const works = report.skipped === expected && report.total === expected;
  if (!works) {
    const text = `Dry run: the service reads ${report.total} instances, ${report.failed} of them unusable, where ${expected} were written. Did somebody else write them meanwhile? Run npm run setup again.`;
    return { works, text };
  }
  const instances = `${expected} ${expected === 1 ? 'instance' : 'instances'}`;
  const text = `Dry run: the service reads ${instances} and ${describe(app, secret)}. Nothing was synchronised.`;
  return { works, text };
}

function describe({ clock }: App, secret: Awaited<ReturnType<App['parameters']['secret']>>) {
  if (!('token' in secret)) return 'an access key';
  const { expiresAt } = secret;
  if (expiresAt === undefined) return 'a token';
  return `a token that is valid for ${Math.round(hoursUntil(expiresAt, clock.now()))} hours`;
}

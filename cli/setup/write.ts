import { randomUUID } from 'node:crypto';
import { type AppWith, createApp, requireNeeds } from '../../lib/app.ts';
import type { ParameterStore } from '../../lib/aws/parameter-store.ts';
import { createParameters } from '../../lib/aws/parameters.ts';
import { checkServiceTypes } from '../../lib/changes/service-types.ts';
import { createDeadline } from '../../lib/deadline.ts';
import type { Log, LogFields } from '../../lib/log.ts';
import type { Secret } from '../../lib/secret.ts';
import { createListedFleet } from '../../lib/sync/fleet.ts';
import { runSync } from '../../lib/sync/run.ts';
import { hoursUntil } from '../../lib/token/expiry.ts';
import { rotateToken } from '../../lib/token/rotate.ts';
import { plural } from '../format.ts';
import type { Place } from './answers.ts';
import type { Plan, Write } from './plan.ts';

interface AppSettings extends Place {
  readonly prefix: string;
  readonly authMode: 'token' | 'aksk';
  /** Whether the user may list the instances, with which a new token is tested. */
  readonly mayList: boolean;
  readonly store: ParameterStore;
  /** WATCH_SERVICE_TYPES. */
  readonly serviceTypes: string | undefined;
  /** Receives the service's warnings. */
  readonly onWarning: (text: string) => void;
}

type SetupApp = AppWith<'iamEndpoint'>;

const waitMs = 60_000; // for the rotation, and for the dry run

/** The service as it will be deployed, with a log for a person. */
export function createSetupApp({ onWarning, store, ...settings }: AppSettings): SetupApp {
  const app = createApp({
    DDM_ENDPOINT: settings.ddmEndpoint,
    IAM_ENDPOINT: settings.iamEndpoint,
    CTS_ENDPOINT: settings.ctsEndpoint,
    WATCH_SERVICE_TYPES: settings.serviceTypes,
    DDM_PROJECT_ID: settings.projectId,
    CLOUD_DOMAINS: settings.cloudDomains,
    PARAMETER_PREFIX: settings.prefix,
    AUTH_MODE: settings.authMode,
    ROTATION_PROOF: settings.mayList ? 'on' : 'off',
  });
  const { authMode, prefix } = settings;
  const { clock } = app;
  const parameters = createParameters({ openStore: () => store, prefix, authMode, clock });
  const { fleet } = createListedFleet(parameters);
  const setupApp = { ...app, parameters, fleet, log: createQuietLog(onWarning) };
  requireNeeds(setupApp, ['iamEndpoint']);
  return setupApp;
}

function createQuietLog(onWarning: (text: string) => void): Log {
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
    longestWait: quiet,
    tokenHoursLeft: quiet,
    jobResult: quiet,
    jobResults: quiet,
  };
}

interface WriteDeps {
  readonly app: SetupApp;
  readonly store: ParameterStore;
  /** Says what is written, in case the rest fails. */
  readonly print: (text: string) => void;
}

/**
 * Carries out a plan so that a service that runs at the same time always finds a whole list: it writes the
 * list last, and then removes what would be read instead.
 * @throws {ParameterError | RotationError}
 */
export async function carryOut(
  { app, print, store }: WriteDeps,
  { credentials, lists, stale, token }: Plan,
): Promise<void> {
  const put = async ({ name, state, type, value }: Write): Promise<void> => {
    if (state === 'retyped') await store.remove([name]);
    await store.put({ name, value }, type);
    print(`Written: ${name}`);
  };
  await put(credentials);
  if (token) {
    using deadline = createDeadline({ clock: app.clock, totalMs: waitMs, reserveMs: 0 });
    await rotateToken(app, deadline);
    print(`Written: ${token.name} and the token's parts`);
  }
  for (const list of lists) await put(list);
  await store.remove(stale);
}

interface TryOut {
  readonly works: boolean;
  readonly text: string;
}

/** One dry run of the service on what is written now. @throws {ParameterError} */
export async function tryOut(app: SetupApp, expected: number): Promise<TryOut> {
  const request = { runId: randomUUID(), trigger: 'schedule', dryRun: true } as const;
  using deadline = createDeadline({ clock: app.clock, totalMs: waitMs, reserveMs: 0 });
  const { report } = await runSync(app, request, deadline, []);
  const secret = await app.parameters.secret(deadline.signal('calls'));
  const works = report.skipped === expected && report.total === expected;
  if (!works) {
    const text = `Dry run: the service reads ${report.total} instances, ${report.failed} of them unusable, where ${expected} were written. Another writer may have changed them: run npm run setup again.`;
    return { works, text };
  }
  const text = `Dry run: the service reads ${plural(expected, 'instance')} and ${describe(app, secret)}. Nothing was synchronised.`;
  return { works, text };
}

/** What CTS says of the services that watch looks at. @throws {ParameterError} */
export async function checkWatch(app: SetupApp): Promise<readonly string[]> {
  using deadline = createDeadline({ clock: app.clock, totalMs: waitMs, reserveMs: 0 });
  return await checkServiceTypes(app, deadline); // the deadline ends with this scope
}

function describe({ clock }: SetupApp, secret: Secret) {
  if (!('token' in secret)) return 'an access key';
  const { expiresAt } = secret;
  if (expiresAt === undefined) return 'a token';
  return `a token that is valid for ${Math.round(hoursUntil(expiresAt, clock.now()))} hours`;
}

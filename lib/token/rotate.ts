import type { App, AppWith } from '../app.ts';
import type { Deadline } from '../deadline.ts';
import { IamError, RotationError, type SyncFailure } from '../errors.ts';
import { createToken } from '../huawei/iam.ts';
import { retryDelay } from '../retry.ts';
import type { Password, Token } from '../secret.ts';
import { policyFor } from '../sync/failure-policy.ts';
import { hoursUntil } from './expiry.ts';
import { proveToken } from './prove.ts';

/** What a rotation did; nothing in it is secret. */
export interface Rotation {
  readonly rotated: boolean;
  /** ISO 8601. */
  readonly expiresAt?: string;
  readonly hoursLeft?: number;
  /** Number of parameters that now hold the token. */
  readonly parameters?: number;
}

const maxAttempts = 3;
const minLifeHours = 12; // two rotations may fail before a new 24 h token expires

/**
 * Gets a fresh token from IAM, checks it, and replaces the one in the parameter store.
 * @throws {RotationError} the old token is still in place, as with the other two
 * @throws {ParameterError} when the credentials cannot be read, or the token cannot be written
 */
export async function rotateToken(
  app: AppWith<'iamEndpoint'>,
  deadline: Deadline,
): Promise<Rotation> {
  const { config, log } = app;
  if (config.authMode === 'aksk') {
    log.warning('nothing to rotate: AUTH_MODE is aksk', {});
    return { rotated: false };
  }
  try {
    return await rotate(app, deadline);
  } catch (error) {
    const { message, name } = error instanceof Error ? error : new Error('unknown error');
    log.problem('token rotation failed', { error: name, reason: message });
    throw error;
  }
}

async function rotate(app: AppWith<'iamEndpoint'>, deadline: Deadline): Promise<Rotation> {
  const { clock, config, log, parameters } = app;
  const password = await parameters.password(deadline.signal('setUp'));
  const token = await fetchToken(app, password, deadline);
  const hoursLeft = hoursUntil(token.expiresAt, clock.now());
  if (hoursLeft < minLifeHours) {
    throw new RotationError(
      `IAM issued a token that is valid for ${hoursLeft} hours, less than ${minLifeHours}: check the clock of this machine and the token policy of the account`,
    );
  }
  if (config.rotationProof) await proveToken(app, token, deadline);
  const { leftOver, parameters: count } = await parameters.writeToken(
    token,
    deadline.signal('handOver'),
  );
  if (leftOver) log.warning('old token parameters not removed', { reason: leftOver });
  log.tokenHoursLeft(hoursLeft);
  const expiresAt = new Date(token.expiresAt).toISOString();
  const rotation = { rotated: true, expiresAt, hoursLeft, parameters: count };
  log.notice('token rotated', rotation);
  return rotation;
}

/** Retries what can succeed, but never a refused sign-in: IAM locks accounts. */
async function fetchToken(
  app: AppWith<'iamEndpoint'>,
  password: Password,
  deadline: Deadline,
): Promise<Required<Token>> {
  const { clock, config, iamEndpoint } = app;
  const signal = deadline.signal('calls');
  const http = app.connect();
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const deps = { http, clock, iamEndpoint, projectId: config.projectId };
        return await createToken(deps, password, signal);
      } catch (error) {
        if (!(error instanceof IamError)) throw error;
        const delayMs = pauseAfter(app, error, attempt);
        if (delayMs >= deadline.leftMs('calls')) throw refused(error, attempt);
        await clock.sleep(delayMs);
      }
    }
  } finally {
    http.close();
  }
}

function pauseAfter({ random }: App, { failure }: IamError, attempt: number): number {
  if (policyFor(failure).signIn === 'give-up' || attempt === maxAttempts)
    return Number.POSITIVE_INFINITY;
  return retryDelay({ ...failure, attempt }, random);
}

function refused({ failure }: IamError, attempts: number): RotationError {
  const { errCode, externalMessage, httpStatus } = failure;
  const status = httpStatus === undefined ? '' : ` (HTTP ${httpStatus})`;
  const said = externalMessage ? ` "${externalMessage}"` : '';
  return new RotationError(
    `IAM issued no token after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${errCode}${status}${said}. ${adviceFor(failure)}`,
  );
}

function adviceFor({ errCode, httpStatus = 0, retryClass }: SyncFailure): string {
  if (retryClass === 'auth') return signInAdvice;
  const byClass = policyFor({ retryClass }).signIn === 'retry' ? passingAdvice : endpointAdvice;
  return adviceByStatus[httpStatus] ?? adviceByCode[errCode] ?? byClass;
}

const signInAdvice =
  'Check domainName, userName and password of the credentials parameter, and that the user is not locked. It was not tried again: IAM locks accounts.';
const passingAdvice =
  'The next rotation tries again. If this continues, open a support ticket with the request time.';
const endpointAdvice =
  'Check IAM_ENDPOINT: it must be the API endpoint of IAM in the region, not a console address.';

const adviceByStatus: Readonly<Record<number, string>> = {
  201: 'The sign-in worked, but its token cannot be used. Check IAM_ENDPOINT and DDM_PROJECT_ID. If they are right, open a support ticket with this message.',
  400: 'Check the credentials parameter and DDM_PROJECT_ID.',
  403: 'Allow the IAM user programmatic access, and give its group permissions in this project.',
  404: 'Check that DDM_PROJECT_ID is a project of this account, and that IAM_ENDPOINT is of its cloud.',
};

const adviceByCode: Readonly<Record<string, string>> = {
  NETWORK:
    'Check IAM_ENDPOINT, and that the function can reach the internet (VPC, NAT gateway, security group).',
  TLS: 'The connection may be intercepted. Check IAM_ENDPOINT and any TLS-inspecting proxy before you do anything else.',
};

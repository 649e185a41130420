import type { App } from '../app.ts';
import type { Deadline, Phase } from '../deadline.ts';
import type { Token } from '../secret.ts';

const warnBelowHours = 8; // a rotation every 6 h leaves at least 18 of 24

/** Hours, rounded down to two decimals; negative once it has expired. */
export function hoursUntil(atMs: number, nowMs: number): number {
  return Math.floor((atMs - nowMs) / 36_000) / 100;
}

/** Whether a token is valid for so short a time that the next rotation must not fail. */
export function isExpiring({ expiresAt }: Token, nowMs: number): boolean {
  return expiresAt !== undefined && hoursUntil(expiresAt, nowMs) < warnBelowHours;
}

/**
 * Records how long the token is still valid, if known, and warns before it expires.
 * @param phase by the end of which the token must have been read
 */
export async function warnOfExpiry(
  { clock, log, parameters }: Pick<App, 'clock' | 'log' | 'parameters'>,
  runId: string,
  deadline: Deadline,
  phase: Phase = 'setUp',
): Promise<void> {
  const secret = await parameters.secret(deadline.signal(phase));
  if (!('token' in secret) || secret.expiresAt === undefined) return;
  const hoursLeft = hoursUntil(secret.expiresAt, clock.now());
  log.tokenHoursLeft(hoursLeft);
  if (!isExpiring(secret, clock.now())) return;
  const expiresAt = new Date(secret.expiresAt).toISOString();
  log.warning(hoursLeft > 0 ? 'token expires soon' : 'token has expired', {
    runId,
    expiresAt,
    hoursLeft,
    advice:
      'rotate-token has failed since this token was issued. Look at its last log lines, fix what they name, and invoke it.',
  });
}

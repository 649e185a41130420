import type { FleetState } from './fleet-state.ts';

export interface TokenState {
  readonly expiresAt: Date | undefined;
  /** Negative when it has expired. */
  readonly hoursLeft: number | undefined;
  /** The last rotation in the log. */
  readonly madeAt: Date | undefined;
  /** A rotation that failed after the last one that worked. */
  readonly failure: { readonly at: Date; readonly reason: string } | undefined;
  readonly state: 'well' | 'rotation failed' | 'expires soon' | 'expired' | 'not known';
  /** As the last line of each hour said. */
  readonly history: readonly { readonly at: Date; readonly hoursLeft: number }[];
}

const hourMs = 3_600_000;
const soonHours = 8; // as in lib/token/expiry.ts: a rotation every 6 h leaves at least 18 of 24

/** What the log says of the token. Undefined where it says nothing. */
export function readTokenState(fleet: FleetState, now: Date): TokenState | undefined {
  const hours = fleet.tokenHours();
  const token = hours.at(-1);
  const madeAt = fleet.tokenMadeAt();
  const failed = fleet.problems.get('token rotation failed')?.last;
  const failure = failed && failed.at > (madeAt ?? 0) ? failed : undefined;
  if (!token && !failure) return undefined;
  const hoursLeft = token && (token.expiresAt - now.getTime()) / hourMs;
  return {
    expiresAt: token && new Date(token.expiresAt),
    hoursLeft: hoursLeft && Math.floor(hoursLeft * 100) / 100,
    madeAt: madeAt === undefined ? undefined : new Date(madeAt),
    failure: failure && {
      at: new Date(failure.at),
      reason: failure.reason ?? 'no reason given',
    },
    state: judge(hoursLeft, failure !== undefined),
    history: hours.map(({ at, expiresAt }) => ({
      at: new Date(at),
      hoursLeft: (expiresAt - at) / hourMs,
    })),
  };
}

function judge(hoursLeft: number | undefined, hasFailed: boolean): TokenState['state'] {
  if (hoursLeft === undefined) return hasFailed ? 'rotation failed' : 'not known';
  if (hoursLeft <= 0) return 'expired';
  if (hoursLeft < soonHours) return 'expires soon';
  return hasFailed ? 'rotation failed' : 'well';
}

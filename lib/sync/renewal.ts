import { type SyncFailure, UnauthorizedError } from '../errors.ts';
import { unfinished } from './failure-policy.ts';
import type { RunState } from './run-state.ts';
import type { Task } from './tasks.ts';
import { giveUp } from './unfinished.ts';

const maxRefused = 3;

/**
 * Re-reads refused credentials once for the whole run. Refused again, they end it as soon as several instances were
 * refused without an accepted call between: a single one may be refused for a reason of its own.
 */
export async function renewCredentials(
  state: RunState,
  task: Task,
  failure: SyncFailure,
  generation: number,
): Promise<void> {
  const { auth, pace } = state.deps;
  if (generation === 0 && !state.renewalError) {
    state.isRenewing = true;
    await auth.renew(failure).catch((error: unknown) => {
      state.renewalError = toUnauthorizedError(error);
    });
    state.isRenewing = false;
    if (!state.renewalError) return state.tasks.putFirst(task);
  }
  state.refused.push(task);
  if (state.refused.length < maxRefused && !pace.isOpen) return;
  pace.unauthorized();
  stopUnauthorized(state);
}

function toUnauthorizedError(error: unknown): UnauthorizedError {
  if (error instanceof UnauthorizedError) return error;
  return new UnauthorizedError('The token was refused, and re-reading it failed', { cause: error });
}

export function stopUnauthorized(state: RunState): void {
  state.stoppedBy ??=
    state.renewalError ?? new UnauthorizedError('The token was re-read and refused again');
}

/** They are not called again in this run: the credentials are good, or the run ends. */
export function giveUpRefused(state: RunState): void {
  for (const task of state.refused.splice(0)) {
    giveUp(state, task, task.failure ?? unfinished.unauthorized);
  }
}

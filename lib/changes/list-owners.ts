import type { App } from '../app.ts';
import type { Deadline } from '../deadline.ts';
import { ParameterError, ReadError } from '../errors.ts';
import { openConnection } from '../huawei/connection.ts';
import { listDataNodes } from '../huawei/lists.ts';
import { policyFor } from '../sync/failure-policy.ts';

/** What the passes over the instances of one batch came to. */
export interface Pass {
  readonly tried: ReadonlySet<string>;
  /** Why the last listing that failed did so. */
  readonly problem: string;
  /** Whether a listing failed in a way that passes: an outage, throttling. */
  readonly isOutage: boolean;
}

/**
 * Lists the instances that may have the data nodes of a batch, each of them once, until there is no time left.
 * @param openIds those that are left
 * @throws {ReadError | ParameterError} with refused or unusable credentials
 */
export async function listOwners(
  app: App,
  instanceIds: readonly string[],
  openIds: () => readonly string[],
  deadline: Deadline,
): Promise<Pass> {
  const tried = new Set<string>();
  const pass = { tried, problem: 'no time left', isOutage: false };
  if (openIds().length === 0) return pass;
  using connection = await openConnection(app, deadline, 'resolve');
  const signal = deadline.signal('resolve');
  const lister = {
    list: (instanceId: string) => {
      tried.add(instanceId);
      return listDataNodes({ ...app, ...connection }, instanceId, signal).catch((error) => {
        if (error instanceof Error) pass.problem = error.message;
        if (isOutage(error)) pass.isOutage = true;
        throw error;
      });
    },
    isOver: () => deadline.isOver('resolve'),
  };
  while (!lister.isOver()) {
    // A change may have more instances to list after a pass, if an instance no longer has its node.
    const open = [...new Set(openIds())].filter((id) => !tried.has(id));
    const unlistable = open.filter(app.dataNodeOwners.isUnlistable);
    if (unlistable.length <= maxUnlistable(instanceIds)) for (const id of unlistable) tried.add(id);
    const asked = open.filter((id) => !tried.has(id));
    if (asked.length === 0) break;
    await app.dataNodeOwners.list(asked, lister);
  }
  return pass;
}

/** More than these fail together: then it is not about single instances, and the change waits. */
export function maxUnlistable(instanceIds: readonly string[]): number {
  return Math.max(10, instanceIds.length / 100);
}

/** Whether a failure passes: an outage, throttling, refused credentials that are renewed. */
export function isOutage(error: unknown): boolean {
  if (error instanceof ReadError) return policyFor(error.failure).means !== 'absent';
  return error instanceof ParameterError && error.code === 'SSM_UNAVAILABLE';
}

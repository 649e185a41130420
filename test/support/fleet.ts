import type { Queue } from '../../lib/aws/queue.ts';
import type { Config } from '../../lib/config.ts';
import type { Report } from '../../lib/log.ts';
import { createQueueHandOver } from '../../lib/queue/hand-over.ts';
import { syncFleet } from '../../lib/sync/engine.ts';
import { createRecorder } from '../../lib/sync/outcomes.ts';
import { createPace } from '../../lib/sync/pace.ts';
import type { StopReason, SyncDeps } from '../../lib/sync/run-state.ts';
import { createFakeClock, type FakeClock } from '../fakes/clock.ts';
import { createFakeAuth, createFakeDdm, type FakeDdm, type FakeDdmOptions } from '../fakes/ddm.ts';
import { createFakeRunLog, type FakeRunLog } from '../fakes/run-log.ts';
import { deadlineIn } from './deadline.ts';

type FleetSettings = Pick<
  Config,
  | 'syncConcurrency'
  | 'syncRatePerSecond'
  | 'syncAttemptTimeoutMs'
  | 'syncMaxAttempts'
  | 'syncMaxErrors'
  | 'syncInlineMax'
  | 'deadlineReserveMs'
>;

const defaults: FleetSettings = {
  syncConcurrency: 20,
  syncRatePerSecond: 1_000,
  syncAttemptTimeoutMs: 10_000,
  syncMaxAttempts: 3,
  syncMaxErrors: undefined,
  syncInlineMax: 500,
  deadlineReserveMs: 5_000,
};

export interface FleetOptions extends Partial<Pick<SyncDeps, 'auth' | 'random'>> {
  readonly instanceIds: readonly string[];
  readonly settings?: Partial<FleetSettings>;
  readonly queue?: Queue | undefined;
  readonly answer?: FakeDdmOptions['answer'];
  readonly latencyMs?: number;
  readonly remainingMs?: number;
  readonly clock?: FakeClock;
}

export interface FleetRunResult {
  readonly report: Report;
  readonly stoppedBy: StopReason | undefined;
  readonly log: FakeRunLog;
  readonly ddm: FakeDdm;
  readonly clock: FakeClock;
}

/** Runs the engine in fake time against a fake DDM; random is a fixed-seed generator. */
export async function runFleet(options: FleetOptions): Promise<FleetRunResult> {
  const { answer, instanceIds, latencyMs, remainingMs = 900_000 } = options;
  const clock = options.clock ?? createFakeClock();
  const log = createFakeRunLog();
  const settings = { ...defaults, ...options.settings };
  const ddm = createFakeDdm({
    clock,
    attemptTimeoutMs: settings.syncAttemptTimeoutMs,
    ...(latencyMs !== undefined && { latencyMs }),
    ...(answer && { answer }),
  });
  const { auth = createFakeAuth(), queue, random = createRandom(1) } = options;
  const context = { runId: 'run-1', trigger: 'schedule' } as const;
  const deadline = deadlineIn(remainingMs, clock, settings.deadlineReserveMs);
  const outcomes = createRecorder(
    { clock, log, maxErrors: settings.syncMaxErrors },
    { ...context, total: instanceIds.length },
  );
  const pace = createPace({
    maxConcurrency: settings.syncConcurrency,
    maxPerSecond: settings.syncRatePerSecond,
    ...{ clock, random },
  });
  const side = { clock, log, pace, random };
  const fleet = instanceIds.length;
  const handOver = queue && createQueueHandOver(side, queue, context, { deadline, fleet });
  const deps = { auth, clock, config: settings, ddm, handOver, pace, random };
  const run = {
    instanceIds,
    inlineMax: settings.syncInlineMax,
    deadline,
    outcomes,
  };
  const stoppedBy = await clock.run(syncFleet(deps, run));
  return { report: outcomes.report(), stoppedBy, log, ddm, clock };
}

/** mulberry32: uniform, and the same sequence for the same seed. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

import type { AppWith } from '../../../lib/app.ts';
import { createDeadline, type Deadline } from '../../../lib/deadline.ts';
import { QueueError } from '../../../lib/errors.ts';
import { tokenOf } from '../huawei/ids.ts';
import type { World } from '../world.ts';
import { createEnvironment, type Environment } from './environment.ts';

/** As much of an App as every function has here. */
export type SimApp = AppWith<
  'syncQueue' | 'changeQueue' | 'followQueue' | 'ctsEndpoint' | 'iamEndpoint'
>;

export interface LambdaFunction {
  readonly name: string;
  readonly timeoutMs: number;
  /** The function's own limit, below Lambda's. */
  readonly limitMs?: number;
  /** Environments at once. */
  readonly concurrency: number;
  handle(
    app: SimApp,
    event: unknown,
    invocation: { runId: string; deadline: Deadline },
  ): Promise<unknown>;
}

/** How an invocation ended. */
export type Ended =
  | { readonly kind: 'answer'; readonly value: unknown }
  | { readonly kind: 'error'; readonly error: unknown }
  | { readonly kind: 'crash'; readonly syncsSent: number };

export interface Lambda {
  /** False: throttled, as every environment is busy. */
  invoke(fn: LambdaFunction, event: unknown, onEnd: (ended: Ended) => void): boolean;
  /** Invocations that go on. */
  active(): number;
}

export function createLambda(world: World): Lambda {
  const { faults, history, plan, random, scheduler } = world;
  const idle = new Map<string, Environment[]>();
  const busy = new Map<string, number>();
  let active = 0;
  let invocations = 0;

  const takeEnvironment = (name: string): { environment: Environment; initMs: number } => {
    const warm = idle.get(name)?.pop();
    if (warm && scheduler.now() - warm.usedAt < plan.warmMs)
      return { environment: warm, initMs: 1 };
    return { environment: createEnvironment(world), initMs: random.between(300, 1_200) };
  };

  return {
    active: () => active,
    invoke: (fn, event, onEnd) => {
      const running = busy.get(fn.name) ?? 0;
      if (running >= fn.concurrency) return false;
      busy.set(fn.name, running + 1);
      active += 1;
      const { environment, initMs } = takeEnvironment(fn.name);
      const { app, process } = environment;
      const runId = `${fn.name}-${invocations++}`;
      let isOver = false;
      process.thaw();
      process.syncsSent = 0;

      const crash = (): void => end({ kind: 'crash', syncsSent: process.syncsSent });
      const end = (ended: Ended): void => {
        if (isOver) return;
        isOver = true;
        killer.isOff = true;
        active -= 1;
        busy.set(fn.name, (busy.get(fn.name) ?? 1) - 1);
        history.ended(process, runId, ended);
        if (ended.kind !== 'crash') {
          process.dieAfter(0, () => {});
          process.freeze();
          environment.usedAt = scheduler.now();
          const others = idle.get(fn.name) ?? [];
          others.push(environment);
          idle.set(fn.name, others);
        }
        onEnd(ended);
      };

      const start = (): void => {
        if (isOver) return;
        history.started(runId);
        const totalMs = Math.min(fn.timeoutMs, fn.limitMs ?? fn.timeoutMs);
        const reserveMs = app.config.deadlineReserveMs;
        const deadline = createDeadline({ clock: process.clock, totalMs, reserveMs });
        const finish = (ended: Ended): void => {
          deadline[Symbol.dispose]();
          end(ended);
        };
        Promise.resolve()
          .then(() => sabotaged(world, fn, event) ?? fn.handle(app, event, { runId, deadline }))
          .then(
            (value) => finish({ kind: 'answer', value }),
            (error: unknown) => finish({ kind: 'error', error }),
          );
      };

      const killer = scheduler.after(initMs + fn.timeoutMs, () => {
        history.timedOut(runId);
        process.kill();
        crash();
      });
      if (random.chance(faults.share('kills'))) {
        process.dieAfter(random.between(1, plan.killWithin), () => {
          // The process ends in the middle of its own call.
          scheduler.after(1, crash);
        });
      }
      scheduler.after(initMs, start);
      return true;
    },
  };
}

/** What a function that is broken on purpose does instead. */
function sabotaged({ history, sabotage }: World, fn: LambdaFunction, event: unknown) {
  if (sabotage === 'fail') throw new TypeError('broken on purpose');
  if (sabotage === 'fail every batch' && fn.name === 'worker') throw new QueueError('on purpose');
  if (sabotage === 'print the token') {
    history.line('info', 'calls with', { token: tokenOf(0), event });
  }
  return undefined;
}

import type { Clock } from '../../lib/clock.ts';
import { createDeadline, type Deadline } from '../../lib/deadline.ts';

/** The deadline of an invocation that has this much time, with the default reserve. */
export function deadlineIn(totalMs: number, clock: Clock, reserveMs = 5_000): Deadline {
  return createDeadline({ clock, totalMs, reserveMs });
}

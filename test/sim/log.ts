import type { Log } from '../../lib/log.ts';
import type { Process } from './cloud/process.ts';
import type { World } from './world.ts';

/** What a process logs, as long as it lives. */
export function createSimLog({ history, sabotage }: World, process: Process): Log {
  const isAlive = (): boolean => process.state() === 'running';
  const line =
    (level: 'info' | 'warn' | 'error') =>
    (message: string, fields: Readonly<Record<string, unknown>>): void => {
      if (isAlive()) history.line(level, message, fields);
    };
  return {
    outcome: (outcome) => {
      if (isAlive() && sabotage !== 'lose outcomes') history.outcome(process, outcome);
    },
    retry: (retry) => line('warn')('instance sync retried', { ...retry }),
    report: (report) => {
      if (isAlive()) history.report(process, report);
    },
    batch: (report) => {
      if (isAlive()) history.batch(report);
    },
    jobResult: (result) => {
      if (isAlive()) history.jobResult(result);
    },
    jobResults: () => {},
    notice: line('info'),
    warning: line('warn'),
    problem: line('error'),
    ignored: line('info'),
    notificationRefused: () => {},
    longestWait: () => {},
    tokenHoursLeft: () => {},
  };
}

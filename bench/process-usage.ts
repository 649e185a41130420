import { readFileSync } from 'node:fs';

export interface ProcessUsage {
  readonly peakRssMb: number;
  /** Time on a processor since the process began, all of its threads. */
  readonly cpuMs: number;
}

const tickMs = 10; // of /proc: USER_HZ is 100 wherever Linux runs

/** Peak memory and processor time of another process, from Linux' /proc. */
export function readUsage(pid: number | undefined): ProcessUsage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Field 2 is the command in parentheses; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    peakRssMb: Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1_024,
    cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs,
  };
}

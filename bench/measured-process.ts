// Runs a handler in this process, once for each event that the parent sends, and answers with what it used.
import { on } from 'node:events';
import { readFileSync } from 'node:fs';

const [, , url = '', name = 'handler'] = process.argv;
const { [name]: handler } = await import(url);
let usedBefore: NodeJS.CpuUsage | undefined; // the first run pays for the start of the process

for await (const [event] of on(process, 'message')) {
  const startedAt = performance.now();
  const endsAt = Date.now() + 900_000;
  const report = await handler(event, {
    awsRequestId: crypto.randomUUID(),
    functionName: 'bench',
    getRemainingTimeInMillis: () => endsAt - Date.now(),
  });
  const durationMs = report?.durationMs ?? performance.now() - startedAt;
  const { system, user } = process.cpuUsage(usedBefore);
  const cpuMs = (system + user) / 1_000;
  process.send?.({ report: { ...report }, durationMs, cpuMs, peakRssMb: readPeakRss() });
  usedBefore = process.cpuUsage();
}

function readPeakRss(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1_024;
  // On Linux, maxRSS counts the parent's memory at the fork too.
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1_024;
}

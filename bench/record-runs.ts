import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Runs so many times and writes reports, CPU time and peak memory of this process to fd 3. */
export async function recordRuns(
  invocations: number,
  run: (invocation: number) => Promise<unknown>,
  pauseMs = 1_100, // a new second for the server's rate limit
): Promise<void> {
  const runs: unknown[] = [];
  for (let invocation = 1; invocation <= invocations; invocation += 1) {
    const cpuBefore = process.cpuUsage();
    const report = await run(invocation);
    const { system, user } = process.cpuUsage(cpuBefore);
    runs.push({ report, cpuMs: (user + system) / 1_000 });
    await sleep(pauseMs);
  }
  const maxRssMb = process.resourceUsage().maxRSS / 1_024;
  writeFileSync(3, JSON.stringify({ runs, maxRssMb }));
}

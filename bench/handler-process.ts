// Runs the built `scheduled` handler in this process, once per argument, and writes what it cost to fd 3.
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [handlerUrl = '', invocations = '1'] = process.argv.slice(2);
const { handler } = await import(handlerUrl);
const runs: unknown[] = [];

for (let invocation = 1; invocation <= Number(invocations); invocation += 1) {
  const deadline = Date.now() + 900_000;
  const context = {
    awsRequestId: `run-${invocation}`,
    functionName: 'bench',
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  const cpuBefore = process.cpuUsage();
  const report = await handler({}, context);
  const { system, user } = process.cpuUsage(cpuBefore);
  runs.push({ report, cpuMs: (user + system) / 1_000 });
  await sleep(1_100); // a new second for the server's rate limit
}

const maxRssMb = process.resourceUsage().maxRSS / 1_024;
writeFileSync(3, JSON.stringify({ runs, maxRssMb }));

import { expect, test } from 'vitest';
import { syncOnDemand } from '../../../lib/http/on-demand.ts';
import { createFakeDdmHttp } from '../../fakes/ddm-http.ts';
import { createTestApp } from '../../support/app.ts';
import { deadlineIn } from '../../support/deadline.ts';
import { instanceIds } from '../../support/instances.ts';

const request = { runId: 'run-1', trigger: 'http', dryRun: false } as const;

test('a list that takes 6 s to read does not move the end of the request', async () => {
  const app = createTestApp({
    http: (clock) => createFakeDdmHttp(clock, () => undefined, 60_000),
    parameters: {
      fleet: async () => {
        await app.clock.sleep(6_000);
        return { instanceIds: instanceIds(50), malformed: [], duplicates: 0, notRunning: [] };
      },
    },
  });

  const work = syncOnDemand(app, request, deadlineIn(25_000, app.clock));
  const { report } = await app.clock.run(work);

  // The last answers are due 2 s before the end: 40 % of the reserve.
  expect(app.clock.monotonic()).toBeLessThanOrEqual(23_000);
  expect(report.total).toBe(50);
});

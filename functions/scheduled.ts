import { followAccepted } from '../lib/jobs/hand-over.ts';
import { lambda } from '../lib/lambda.ts';
import { isDryRun } from '../lib/sync/dry-run.ts';
import { runSync } from '../lib/sync/run.ts';

/**
 * Cron: syncs the configured fleet and returns the report. Failures of single instances are in the report.
 * A refused token, unusable parameters or configuration fail the invocation.
 */
export const handler = lambda(async (app, event, { deadline, runId }) => {
  await using followUp = followAccepted(app, deadline);
  const request = { runId, trigger: 'schedule', dryRun: isDryRun(event) } as const;
  const { report, stoppedBy } = await runSync(app, request, deadline, [followUp.sink]);
  if (stoppedBy instanceof Error) throw stoppedBy;
  return report;
});

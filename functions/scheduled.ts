import { lambda } from '../lib/lambda.ts';
import { isDryRun } from '../lib/sync/dry-run.ts';
import { runSync } from '../lib/sync/run.ts';

/**
 * Cron: syncs the configured fleet and returns the report. Single failures are in the report; a dead
 * token, unusable parameters or configuration fail the invocation.
 */
export const handler = lambda(async (app, event, context) => {
  const { report, stoppedBy } = await runSync(app, {
    runId: context.awsRequestId,
    trigger: 'schedule',
    dryRun: isDryRun(event),
    remainingMs: context.getRemainingTimeInMillis(),
  });
  if (stoppedBy instanceof Error) throw stoppedBy;
  return report;
});

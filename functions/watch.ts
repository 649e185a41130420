import { watch } from '../lib/changes/watch.ts';
import { lambda } from '../lib/lambda.ts';

/** Cron: asks the audit service what changed, and has the instances concerned synced. */
export const handler = lambda((app, _event, context) =>
  watch(app, context.awsRequestId, context.getRemainingTimeInMillis()),
);

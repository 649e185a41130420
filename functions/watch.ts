import { watch } from '../lib/changes/watch.ts';
import { lambda } from '../lib/lambda.ts';

/** Cron: reads the audit traces, and puts the data nodes that changed into the change queue. */
export const handler = lambda((app, _event, { deadline, runId }) => watch(app, runId, deadline), {
  needs: ['ctsEndpoint', 'changeQueue', 'syncQueue'],
});

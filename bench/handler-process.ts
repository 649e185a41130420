// Runs the built `scheduled` handler in this process, as often as asked.
import { recordRuns } from './record-runs.ts';

const [handlerUrl = '', invocations = '1'] = process.argv.slice(2);
const { handler } = await import(handlerUrl);

await recordRuns(Number(invocations), (invocation) => {
  const deadline = Date.now() + 900_000;
  return handler(
    {},
    {
      awsRequestId: `run-${invocation}`,
      functionName: 'bench',
      getRemainingTimeInMillis: () => deadline - Date.now(),
    },
  );
});

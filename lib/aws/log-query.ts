import {
  CloudWatchLogsClient,
  GetQueryResultsCommand,
  type ResultField,
  StartQueryCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Clock } from '../clock.ts';

interface LogQuery {
  readonly logGroupNames: readonly string[];
  readonly queryString: string;
  /** Ms since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Rows, at most 10,000. */
  readonly limit: number;
}

/** A row of the result, by field; what is empty is absent. */
export type LogRow = Readonly<Record<string, string>>;

const pollMs = 500;

/**
 * Runs a query of Logs Insights.
 * @throws the SDK's error, the signal's reason, or an Error with the state in which the query ended
 */
export async function queryLogs(
  { clock }: { readonly clock: Pick<Clock, 'sleep'> },
  { fromMs, limit, logGroupNames, queryString, toMs }: LogQuery,
  signal: AbortSignal,
): Promise<readonly LogRow[]> {
  const client = new CloudWatchLogsClient({ retryMode: 'standard', maxAttempts: 3 });
  const start = new StartQueryCommand({
    startTime: Math.floor(fromMs / 1_000),
    endTime: Math.ceil(toMs / 1_000),
    limit,
    queryString,
    logGroupNames: [...logGroupNames],
  });
  const { queryId } = await client.send(start, { abortSignal: signal });
  for (;;) {
    const poll = new GetQueryResultsCommand({ queryId });
    const { results = [], status } = await client.send(poll, { abortSignal: signal });
    if (status === 'Complete') return results.map(toRow);
    if (status !== 'Running' && status !== 'Scheduled') {
      throw new Error(`the query ended with the status ${status}`);
    }
    await clock.sleep(pollMs, signal);
    signal.throwIfAborted();
  }
}

function toRow(fields: readonly ResultField[]): LogRow {
  return Object.fromEntries(
    fields.flatMap(({ field, value }) => (field && value ? [[field, value]] : [])),
  );
}

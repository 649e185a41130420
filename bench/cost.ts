import type { LineBytes } from './log-lines.ts';

/**
 * Prices in US dollars, eu-central-1, as known in November 2026 and not looked up: check them before you rely
 * on a sum (aws.amazon.com/lambda/pricing, /sqs/pricing, /cloudwatch/pricing, /kms/pricing, /ec2/pricing/on-demand for
 * traffic). Without free tiers.
 */
const prices = {
  lambdaRequest: 0.2 / 1e6,
  lambdaGbSecond: 0.0000133334, // arm64
  sqsRequest: 0.4 / 1e6,
  logsGb: 0.63, // ingestion; keeping them is 0.0324 for each GB and month, compressed
  metric: 0.3,
  alarm: 0.1,
  kmsRequest: 0.03 / 1e4,
  trafficGb: 0.09, // to the internet
} as const;

/** What is assumed and not measured. */
const assumed = {
  runs: 2_880, // a month of 30 days, every 15 minutes
  watchRuns: 21_600, // every 2 minutes
  rotations: 120, // every 6 hours
  perSecond: 20, // SYNC_RATE_PER_SECOND
  inlineMax: 500, // SYNC_INLINE_MAX
  batch: 100, // of serverless.yml, when there are enough messages
  startMs: 500, // parameters, connections, report
  watchMs: 1_500,
  rotationMs: 3_000,
  dispatchMs: 0.35, // a message, with 0.29 of a processor: docs/cost.md
  platformBytes: 450, // START, END and REPORT of one invocation
  watchBytes: 450, // its line and the metric
  idlePolls: 2 * 5 * 3 * 60 * 24 * 30, // two queues, five pollers each, 20 s long
  secureStrings: 3, // token-set and two parts, decrypted at each reading
  readingsOf: 8_640, // one every 5 minutes
  metrics: 30,
  alarms: 20,
  requestBytes: 6_800, // a token of 6,000 characters, other headers, TLS; with AUTH_MODE=aksk about 900
} as const;

interface Amounts {
  readonly lambdaRequests: number;
  readonly gbSeconds: number;
  readonly sqsRequests: number;
  readonly logsGb: number;
  readonly kmsRequests: number;
  readonly trafficGb: number;
}

export interface Cost extends Amounts {
  readonly instances: number;
  readonly workers: number;
  readonly dollars: Readonly<Record<string, number>>;
}

/** A month in which every instance is accepted at the first call. @param workers SYNC_WORKERS */
export const costOf = (instances: number, workers: number, lines: LineBytes): Cost => {
  const { batch, inlineMax, readingsOf, requestBytes, rotations, runs, secureStrings, watchRuns } =
    assumed;
  const inline = Math.min(instances, inlineMax);
  const queued = instances - inline;
  const batches = Math.ceil(queued / batch);
  const readers = 2 + (queued > 0 ? workers : 0); // scheduled, watch, workers
  const amounts: Amounts = {
    lambdaRequests: runs * (1 + batches) + watchRuns + rotations,
    gbSeconds: gbSecondsOf(inline, queued, batches),
    sqsRequests: runs * 3 * Math.ceil(queued / 10) + assumed.idlePolls,
    logsGb: logBytesOf(instances, queued, batches, lines) / 1e9,
    kmsRequests: readers * readingsOf * secureStrings,
    trafficGb: (runs * instances * requestBytes) / 1e9,
  };
  return { instances, workers, ...amounts, dollars: priceOf(amounts) };
};

/** With the memory of serverless.yml. */
const gbSecondsOf = (inline: number, queued: number, batches: number): number => {
  const { dispatchMs, perSecond, rotationMs, rotations, runs, startMs, watchMs, watchRuns } =
    assumed;
  const scheduledMs = startMs + (inline / perSecond) * 1_000 + queued * dispatchMs;
  const workerMs = (queued / perSecond) * 1_000 + batches * 100;
  const gbMs =
    runs * (scheduledMs * 0.5 + workerMs * 1) +
    watchRuns * watchMs * 0.5 +
    rotations * rotationMs * 0.25;
  return gbMs / 1_000;
};

const logBytesOf = (
  instances: number,
  queued: number,
  batches: number,
  lines: LineBytes,
): number => {
  const { platformBytes, runs, watchBytes, watchRuns } = assumed;
  const bytes = (message: string): number => lines.get(message) ?? Number.NaN;
  const runBytes =
    instances * bytes('instance sync accepted') +
    queued * bytes('instance sync queued') +
    bytes('sync run finished') +
    batches * bytes('sync batch finished') +
    (1 + batches) * platformBytes;
  return runs * runBytes + watchRuns * (watchBytes + platformBytes);
};

const priceOf = (amounts: Amounts): Cost['dollars'] => ({
  Lambda: amounts.lambdaRequests * prices.lambdaRequest + amounts.gbSeconds * prices.lambdaGbSecond,
  SQS: amounts.sqsRequests * prices.sqsRequest,
  Logs: amounts.logsGb * prices.logsGb,
  'metrics and alarms': assumed.metrics * prices.metric + assumed.alarms * prices.alarm,
  KMS: amounts.kmsRequests * prices.kmsRequest,
  traffic: amounts.trafficGb * prices.trafficGb,
});

import { type LineBytes, measureLogLines } from './log-lines.ts';

/**
 * Prices in US dollars, eu-central-1, as known in November 2026 and not looked up. Check them before you rely
 * on a sum (aws.amazon.com/lambda/pricing, /sqs/pricing, /cloudwatch/pricing, /kms/pricing, /ec2/pricing/on-demand for
 * traffic). Without free tiers.
 */
const prices = {
  lambdaRequests: 0.2 / 1e6,
  gbSeconds: 0.0000133334, // arm64
  sqsRequests: 0.4 / 1e6,
  logsGb: 0.63, // ingestion; keeping them is 0.0324 for each GB and month, compressed
  metric: 0.3,
  alarm: 0.1,
  kmsRequests: 0.03 / 1e4,
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
  idlePolls: 3 * 5 * 3 * 60 * 24 * 30, // three queues, five pollers each, 20 s long
  looks: 3, // of follow, until the last job of a message has ended
  lookMs: 2_000, // for a batch of messages
  secureStrings: 3, // token-set and two parts, decrypted at each reading
  readingsOf: 8_640, // one every 5 minutes
  metrics: 20, // docs/metrics.md: those of a fleet in which some things fail
  alarms: 47, // metrics that the 38 alarms look at
  requestBytes: 6_800, // a token of 6,000 characters, other headers, TLS; with AUTH_MODE=aksk about 900
} as const;

const fleets = [
  [10, 4],
  [1_000, 4],
  [100_000, 8],
] as const; // instances, SYNC_WORKERS

/** What a month costs, from the bytes of real log lines; every instance accepted at the first call, and followed. */
export async function* cost() {
  yield 'a month of runs every 15 minutes; prices and assumptions are those of bench/cost.ts';
  const lines = await measureLogLines();
  for (const [message, bytes] of lines) yield `${bytes.toFixed(0).padStart(5)} B  ${message}`;
  for (const [instances, workers] of fleets) {
    const amounts = amountsOf(instances, workers, lines);
    const dollars = priceOf(amounts);
    const sum = Object.values(dollars).reduce((total, price) => total + price, 0);
    yield toCents({ instances, workers, ...amounts });
    yield `  ${sum.toFixed(2)} dollars: ${toCents(dollars)}`;
  }
}

function toCents(amounts: Readonly<Record<string, number>>): string {
  return JSON.stringify(amounts, (_, value) =>
    typeof value === 'number' ? Number(value.toFixed(2)) : value,
  );
}

function amountsOf(instances: number, workers: number, lines: LineBytes) {
  const { batch, perSecond, rotations, runs, watchRuns } = assumed;
  const inline = Math.min(instances, assumed.inlineMax);
  const queued = instances - inline;
  const batches = Math.ceil(queued / batch);
  const readers = 3 + (queued > 0 ? workers : 0); // scheduled, watch, follow, workers
  const followed = Math.ceil(instances / batch); // messages: one of each batch
  const looks = assumed.looks * Math.ceil(followed / batch);
  // Sent, received and deleted in tens; what is followed is sent one by one at first.
  const sqsRequests =
    3 * Math.ceil(queued / 10) + followed + 3 * assumed.looks * Math.ceil(followed / 10);
  // With the memory of serverless.yml.
  const scheduledMs = assumed.startMs + (inline / perSecond) * 1_000 + queued * assumed.dispatchMs;
  const workerMs = (queued / perSecond) * 1_000 + batches * 100;
  const gbMs =
    runs * (scheduledMs * 0.5 + workerMs * 1 + looks * assumed.lookMs * 0.5) +
    watchRuns * assumed.watchMs * 0.5 +
    rotations * assumed.rotationMs * 0.25;
  const bytes = (message: string): number => lines.get(message) ?? Number.NaN;
  const runBytes =
    instances * (bytes('instance sync accepted') + bytes('instance sync completed')) +
    queued * bytes('instance sync queued') +
    bytes('sync run finished') +
    batches * bytes('sync batch finished') +
    (1 + batches) * (2 * bytes('metrics') + assumed.platformBytes);
  const watchBytes = watchRuns * (assumed.watchBytes + assumed.platformBytes);
  return {
    lambdaRequests: runs * (1 + batches + looks) + watchRuns + rotations,
    gbSeconds: gbMs / 1_000,
    sqsRequests: runs * sqsRequests + assumed.idlePolls,
    logsGb: (runs * runBytes + watchBytes) / 1e9,
    kmsRequests: readers * assumed.readingsOf * assumed.secureStrings,
    trafficGb: (runs * instances * assumed.requestBytes) / 1e9,
  };
}

function priceOf(amounts: ReturnType<typeof amountsOf>) {
  const price = (name: keyof typeof amounts) => amounts[name] * prices[name];
  return {
    Lambda: price('lambdaRequests') + price('gbSeconds'),
    SQS: price('sqsRequests'),
    Logs: price('logsGb'),
    'metrics and alarms': assumed.metrics * prices.metric + assumed.alarms * prices.alarm,
    KMS: price('kmsRequests'),
    traffic: price('trafficGb'),
  };
}

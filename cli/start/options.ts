import { parseArgs } from 'node:util';

/** What `npm start -- --help` lists. */
export interface StartOptions {
  readonly instances: number;
  readonly failShare: number;
  readonly flakyShare: number;
  readonly throttlePerSecond: number | undefined;
  readonly latencyMs: number;
  readonly concurrency: string | undefined;
  readonly rate: string | undefined;
  readonly api: string | undefined;
  readonly inlineMax: string | undefined;
  /** Workers on the queue at once. */
  readonly workers: number;
  /** Share of the batches in the middle of which the worker is killed. */
  readonly killShare: number;
  /** Share of the batches that the queue delivers once more though they were done. */
  readonly redeliverShare: number;
  /** Data nodes that change, to be found by watch; absent: a run of the schedule. */
  readonly changeNodes: number | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

/** A wrong option or value; the message is one line for the person who typed it. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

/** @throws {OptionError} */
export function parseOptions(args: readonly string[]): StartOptions {
  const { values } = parse(args);
  return {
    instances: readNumber(
      'instances',
      values.instances ?? '200',
      /^(\d{1,6})$/,
      'a number such as 500',
    ),
    failShare: readShare('fail', values.fail ?? '3%'),
    flakyShare: readShare('flaky', values.flaky ?? '2%'),
    throttlePerSecond:
      values.throttle === undefined
        ? undefined
        : readNumber('throttle', values.throttle, /^(\d{1,5})\/s$/, 'a rate such as 50/s'),
    latencyMs: readNumber(
      'latency',
      values.latency ?? '40ms',
      /^(\d{1,6})ms$/,
      'a time such as 80ms',
    ),
    concurrency: values.concurrency,
    rate: values.rate,
    api: values.api,
    inlineMax: values['inline-max'],
    workers: readNumber('workers', values.workers ?? '4', /^([1-9]\d?)$/, 'a number from 1 to 99'),
    killShare: readShare('kill', values.kill ?? '0%'),
    redeliverShare: readShare('redeliver', values.redeliver ?? '0%'),
    changeNodes:
      values['change-nodes'] === undefined
        ? undefined
        : readNumber(
            'change-nodes',
            values['change-nodes'],
            /^([1-9]\d{0,4})$/,
            'a number such as 20',
          ),
    dryRun: values['dry-run'],
    json: values.json,
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        instances: text,
        fail: text,
        flaky: text,
        throttle: text,
        latency: text,
        concurrency: text,
        rate: text,
        api: text,
        'inline-max': text,
        workers: text,
        kill: text,
        redeliver: text,
        'change-nodes': text,
        'dry-run': flag,
        json: flag,
        help: { ...flag, short: 'h' },
      },
    });
  } catch (error) {
    const message = error instanceof Error ? (error.message.split(/\.?(?:\n|\. )/)[0] ?? '') : '';
    throw new OptionError(`${message}: see npm start -- --help`, { cause: error });
  }
}

function readShare(name: string, value: string): number {
  return readNumber(name, value, /^(\d{1,2}(?:\.\d+)?|100)%$/, 'a share such as 3%') / 100;
}

function readNumber(name: string, value: string, pattern: RegExp, expected: string): number {
  const match = pattern.exec(value)?.[1];
  if (match === undefined) throw new OptionError(`--${name} takes ${expected}, not "${value}"`);
  return Number(match);
}

export const help = `npm start -- [options]

Runs the packaged "scheduled" handler once, in Lambda's environment, then the packaged "worker" until
the queue is empty, and shows what became of every instance. Without settings it runs against an embedded cloud on this machine (parameter store, IAM, DDM, queue).

Embedded cloud
  --instances 500     instances in the list (default 200)
  --fail 3%           share of the instances that fail (default 3%)
  --flaky 2%          share that fails once and then works (default 2%)
  --throttle 50/s     calls per second above which DDM answers 429 (default: no limit)
  --latency 80ms      time that DDM takes for an answer (default 40ms)

Queue (embedded cloud; its delays pass 60 times faster than on AWS)
  --inline-max 500    SYNC_INLINE_MAX: what is beyond it goes to the queue (default 500)
  --workers 4         workers at once (default 4)
  --kill 10%          share of the batches in the middle of which the worker is killed (default 0%)
  --redeliver 10%     share of the batches that are delivered once more (default 0%)

Changes (embedded cloud)
  --change-nodes 20   instead of a run: so many data nodes change, watch finds it, workers sync, follow sees the end

Run
  --concurrency 20    SYNC_CONCURRENCY (default 20)
  --rate 100          SYNC_RATE_PER_SECOND (default 100 here, 20 on AWS)
  --api v1|v3|auto    DDM_API_VERSION (default v1)
  --dry-run           read and check everything, call nothing
  --json              print just the raw Lambda log lines
  --help

Real project: set DDM_ENDPOINT, DDM_PROJECT_ID, PARAMETER_PREFIX, AWS_REGION, AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY (AWS_SESSION_TOKEN too where you have one). All other settings of
docs/configuration.md are passed on.
`;

import { matching, OptionError, type Parsed } from '../options.ts';

const share = matching(/^(\d{1,2}(?:\.\d+)?|100)%$/, 'a share such as 3%', (text) => +text / 100);

/** How many instances; `npm run dev` takes the same. */
export const instanceCount = matching(/^(\d{1,6})$/, 'a number such as 500', Number);

/** Those of `start` and of `run`. */
export const runOptions = {
  concurrency: { group: 'Run', example: '20', help: 'SYNC_CONCURRENCY (default 20)' },
  rate: {
    example: '100',
    help: 'SYNC_RATE_PER_SECOND (default 20; 100 in the embedded cloud)',
  },
  api: { example: 'v1|v3|auto', help: 'DDM_API_VERSION (default v1)' },
  dryRun: { help: 'read and check everything, call nothing' },
  json: { help: 'print only the raw Lambda log lines' },
} as const;

export const startCommand = {
  name: 'start',
  about: `Shows the service at work: runs the packaged "scheduled" handler once in Lambda's environment, then the packaged
"worker" until the queue is empty, against a cloud that is embedded here (parameter store, IAM, DDM, queue), and says
what became of every instance. "npx ddm-sync run" is for a real project.`,
  options: {
    instances: {
      group: 'Cloud',
      example: '500',
      help: 'instances in the list',
      default: '200',
      read: instanceCount,
    },
    fail: {
      example: '3%',
      help: 'share of the instances that fail',
      default: '3%',
      read: share,
    },
    flaky: {
      example: '2%',
      help: 'share that fails once and then works',
      default: '2%',
      read: share,
    },
    throttle: {
      example: '50/s',
      help: 'calls per second above which DDM answers 429 (default: no limit)',
      read: matching(/^(\d{1,5})\/s$/, 'a rate such as 50/s', Number),
    },
    latency: {
      example: '80ms',
      help: 'time that DDM takes to answer',
      default: '40ms',
      read: matching(/^(\d{1,6})ms$/, 'a time such as 80ms', Number),
    },
    inlineMax: {
      group: 'Queue (its delays pass 60 times faster than on AWS)',
      example: '500',
      help: 'SYNC_INLINE_MAX: instances beyond it go to the queue (default 500)',
    },
    workers: {
      example: '4',
      help: 'workers at once',
      default: '4',
      read: matching(/^([1-9]\d?)$/, 'a number from 1 to 99', Number),
    },
    kill: {
      example: '10%',
      help: 'share of the batches whose worker is killed halfway',
      default: '0%',
      read: share,
    },
    redeliver: {
      example: '10%',
      help: 'share of the batches that are delivered twice',
      default: '0%',
      read: share,
    },
    changeNodes: {
      group: 'Changes',
      example: '20',
      help: 'change this many data nodes instead: watch finds them, workers sync, follow sees the end',
      read: matching(/^([1-9]\d{0,4})$/, 'a number such as 20', Number),
    },
    ...runOptions,
  },
} as const;

export type StartOptions = Parsed<typeof startCommand>;

/** The settings that options stand for. */
export function settingsOf({
  api,
  concurrency,
  rate,
}: Pick<StartOptions, 'api' | 'concurrency' | 'rate'>): Readonly<Record<string, string>> {
  return {
    ...(concurrency && { SYNC_CONCURRENCY: concurrency }),
    ...(rate && { SYNC_RATE_PER_SECOND: rate }),
    ...(api && { DDM_API_VERSION: api }),
  };
}

const defaultInlineMax = 500;

/** @throws {OptionError} for options that would do nothing */
export function checkQueueOptions({ inlineMax, instances, kill, redeliver }: StartOptions): void {
  if (kill + redeliver === 0 || instances > Number(inlineMax ?? defaultInlineMax)) return;
  throw new OptionError(
    '--kill and --redeliver do something to messages in the queue, and there are none: give an --inline-max below --instances',
  );
}

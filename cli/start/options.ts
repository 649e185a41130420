import { matching, type Parsed } from '../options.ts';
import { readStageName } from '../stages.ts';

const share = matching(/^(\d{1,2}(?:\.\d+)?|100)%$/, 'a share such as 3%', (text) => +text / 100);

/** How many instances; `npm run dev` takes the same. */
export const instanceCount = matching(/^(\d{1,6})$/, 'a number such as 500', Number);

export const startCommand = {
  name: 'npm start',
  about: `Runs the packaged "scheduled" handler once in Lambda's environment, then the packaged "worker"
until the queue is empty, and shows what became of every instance. Without settings it runs against
an embedded cloud on this machine (parameter store, IAM, DDM, queue).`,
  options: {
    instances: {
      group: 'Embedded cloud',
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
      group: 'Queue (embedded cloud; its delays pass 60 times faster than on AWS)',
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
      group: 'Changes (embedded cloud)',
      example: '20',
      help: 'change this many data nodes instead: watch finds them, workers sync, follow sees the end',
      read: matching(/^([1-9]\d{0,4})$/, 'a number such as 20', Number),
    },
    concurrency: { group: 'Run', example: '20', help: 'SYNC_CONCURRENCY (default 20)' },
    rate: { example: '100', help: 'SYNC_RATE_PER_SECOND (default 100 here, 20 on AWS)' },
    api: { example: 'v1|v3|auto', help: 'DDM_API_VERSION (default v1)' },
    stage: {
      group: 'Real project',
      example: 'prod',
      help: 'the project of stages/prod.env, from this machine: try it with --dry-run first',
      read: readStageName,
    },
    dryRun: { help: 'read and check everything, call nothing' },
    json: { help: 'print only the raw Lambda log lines' },
  },
  notes: `Real project without a stage: set DDM_ENDPOINT, DDM_PROJECT_ID and PARAMETER_PREFIX. All other settings of
docs/configuration.md are passed on. AWS region and credentials as for the aws command (AWS_PROFILE, ...).`,
} as const;

export type StartOptions = Parsed<typeof startCommand>;

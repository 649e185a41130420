import { setTimeout as sleep } from 'node:timers/promises';
import { type Cloud, changeQueue, followQueue } from '../../emulator/cloud.ts';
import { startEventSource } from '../../emulator/event-source.ts';
import { type LambdaOptions, startLambda } from '../../emulator/lambda.ts';
import { OptionError } from '../options.ts';
import { parseLogLine } from './screen.ts';

/** A changed data node, and what became of its instance. */
interface Change {
  readonly instanceId: string;
  readonly dataNodeId: string;
  readonly changedAt: number;
  acceptedAt?: number;
  endedAt?: number;
  end?: string;
}

/**
 * Changes data nodes of the embedded cloud and runs `watch` once. Workers and `follow` then run until the
 * queues are empty. Shows how long each change took, and resolves with the exit code.
 */
export async function runChanges(
  count: number,
  cloud: Cloud,
  functions: Pick<LambdaOptions, 'taskRoot' | 'env'>,
  json: boolean,
): Promise<number> {
  const changes = changeNodes(cloud, count);
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  const say = json ? () => {} : print;
  const onLine = (text: string): void => {
    if (json) print(text);
    readLine(changes, text);
  };
  const lambda = { ...functions, onLine };
  say(`The port of ${count} data nodes changed: CTS has ${count} traces of it\n`);
  const watch = await startLambda({ ...lambda, functionName: 'watch' });
  const watched = await watch.invoke({});
  await watch.stop();
  if (!watched.ok) throw new OptionError(`watch failed: ${watched.error.errorMessage}`);
  say(`watch  ${JSON.stringify(watched.response)}`);
  await drain(cloud, { ...lambda, timeoutMs: 60_000 });
  for (const line of describeChanges([...changes.values()])) say(line);
  return [...changes.values()].every(({ end }) => end === 'completed' || end === 'failed') ? 0 : 1;
}

/** Changes a port in each of the first instances; CTS records the end of the operation. */
function changeNodes({ cts, ddm }: Cloud, count: number): ReadonlyMap<string, Change> {
  const instanceIds = ddm.instanceIds.slice(0, count);
  if (instanceIds.length < count) {
    throw new OptionError(
      `--change-nodes ${count} is more than there are instances: set --instances too`,
    );
  }
  return new Map(
    instanceIds.map((instanceId) => {
      const [dataNodeId = ''] = ddm.dataNodes.of(instanceId);
      const { time } = cts.add({
        trace_name: 'changeInstancePort',
        service_type: 'RDS',
        resource_id: dataNodeId,
        trace_type: 'SystemAction',
      });
      return [instanceId, { instanceId, dataNodeId, changedAt: time }];
    }),
  );
}

function readLine(changes: ReadonlyMap<string, Change>, text: string): void {
  const line = parseLogLine(text);
  const change = changes.get(line?.instanceId ?? '');
  if (!line || !change) return;
  const at = Date.parse(line.timestamp ?? '');
  if (line.status === 'accepted') change.acceptedAt = at;
  const end = /^instance sync (completed|failed|unknown)$/.exec(line.message)?.[1];
  if (!end) return;
  change.endedAt = at;
  change.end = end;
}

/** Runs `worker` and `follow` until their queues are empty. */
async function drain(cloud: Cloud, worker: Omit<LambdaOptions, 'functionName'>): Promise<void> {
  const both = { worker, maximumConcurrency: 2, batchWindowMs: 100 };
  const sources = [
    startEventSource({ ...both, queueUrl: cloud.changeQueueUrl, batchSize: 10 }),
    startEventSource({
      ...both,
      queueUrl: cloud.followQueueUrl,
      batchSize: 100,
      functionName: 'follow',
    }),
  ];
  const left = (): number =>
    cloud.sqs.messages(changeQueue).length + cloud.sqs.messages(followQueue).length;
  while (left() > 0) await sleep(50);
  for (const source of sources) await source.stop();
}

const maxShown = 5;

function describeChanges(changes: readonly Change[]): readonly string[] {
  const ends = Map.groupBy(changes, ({ end }) => end ?? 'without an end');
  return [
    '',
    'instance                              data node                             accepted after  ended after',
    ...changes.slice(0, maxShown).map(describeChange),
    ...(changes.length > maxShown ? [`... and ${changes.length - maxShown} more`] : []),
    '',
    'In the end',
    ...[...ends].map(([end, { length }]) => `  ${end.padEnd(12)} ${length}`),
    '',
    'Here, the delays of the queues pass 60 times faster; on AWS a change is synced within 2 to 4 minutes.',
  ];
}

function describeChange(change: Change): string {
  const { acceptedAt, changedAt, dataNodeId, end = '-', endedAt, instanceId } = change;
  const after = (at: number | undefined): string =>
    at === undefined ? '-' : `${((at - changedAt) / 1_000).toFixed(1)} s`;
  return `${instanceId}  ${dataNodeId}  ${after(acceptedAt).padEnd(14)}  ${after(endedAt)} ${end}`;
}

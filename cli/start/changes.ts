import { setTimeout as sleep } from 'node:timers/promises';
import type { Cloud } from '../../emulator/cloud.ts';
import { changeQueue, followQueue } from '../../emulator/cloud.ts';
import { type EventSource, startEventSource } from '../../emulator/event-source.ts';
import { type LambdaOptions, startLambda } from '../../emulator/lambda.ts';
import { OptionError } from './options.ts';

type Functions = Omit<LambdaOptions, 'functionName' | 'onLine'>;

interface Line {
  readonly message?: string;
  readonly timestamp?: string;
  readonly instanceId?: string;
  readonly status?: string;
}

/** The way of a change: what happened to one instance, and when. */
interface Way {
  readonly dataNodeId: string;
  readonly changedAt: number;
  acceptedAt?: number;
  endedAt?: number;
  end?: string;
}

const { stdout } = process;
function print(text: string): void {
  stdout.write(`${text}\n`);
}
function seconds(from: number, to: number | undefined): string {
  return to === undefined ? '-' : `${((to - from) / 1_000).toFixed(1)} s`;
}
const maxShown = 5;

/**
 * Changes data nodes of the embedded cloud, runs `watch` once, then workers and `follow` until all is
 * done, and shows the way of each change. Resolves with the exit code.
 */
export async function showChanges(
  count: number,
  cloud: Cloud,
  functions: Functions,
  json: boolean,
): Promise<number> {
  const ways = changeNodes(cloud, count);
  const onLine = (text: string): void => {
    if (json) print(text);
    readLine(ways, text);
  };
  const lambda = { ...functions, onLine };
  const say = json ? () => {} : print;
  say(`${count} data nodes have another port: CTS has ${count} traces of it\n`);
  const watch = await startLambda({ ...lambda, functionName: 'watch' });
  const watched = await watch.invoke({});
  await watch.stop();
  if (!watched.ok) throw new OptionError(`watch failed: ${watched.error.errorMessage}`);
  say(`watch  ${JSON.stringify(watched.response)}`);
  const worker = { ...lambda, timeoutMs: 60_000 };
  const sources = [
    startEventSource({ ...queue(cloud.changeQueueUrl), worker, batchSize: 10 }),
    startEventSource({
      ...queue(cloud.followQueueUrl),
      worker,
      batchSize: 100,
      functionName: 'follow',
    }),
  ];
  await drained(cloud, sources);
  for (const line of describe(ways)) say(line);
  return [...ways.values()].every(({ end }) => end === 'completed' || end === 'failed') ? 0 : 1;
}

function queue(queueUrl: string) {
  return { queueUrl, maximumConcurrency: 2, batchWindowMs: 100 };
}

/** Another port for one data node of each of so many instances; CTS records the end of the operation. */
function changeNodes({ cts, ddm }: Cloud, count: number): ReadonlyMap<string, Way> {
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
      return [instanceId, { dataNodeId, changedAt: time }];
    }),
  );
}

function readLine(ways: ReadonlyMap<string, Way>, text: string): void {
  const line = parse(text);
  const way = ways.get(line?.instanceId ?? '');
  if (!line?.message || !way) return;
  const at = Date.parse(line.timestamp ?? '');
  if (line.status === 'accepted') way.acceptedAt = at;
  const end = /^instance sync (completed|failed|unknown)$/.exec(line.message)?.[1];
  if (!end) return;
  way.endedAt = at;
  way.end = end;
}

function parse(text: string): Line | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function drained(cloud: Cloud, sources: readonly EventSource[]): Promise<void> {
  const left = (): number =>
    cloud.sqs.messages(changeQueue).length + cloud.sqs.messages(followQueue).length;
  while (left() > 0) await sleep(50);
  for (const source of sources) await source.stop();
}

function describe(ways: ReadonlyMap<string, Way>): readonly string[] {
  const all = [...ways.entries()];
  const counts = Map.groupBy(all, ([, { end }]) => end ?? 'without an end');
  return [
    '',
    'instance                              data node                             accepted after  ended after',
    ...all
      .slice(0, maxShown)
      .map(
        ([instanceId, { acceptedAt, changedAt, dataNodeId, end = '-', endedAt }]) =>
          `${instanceId}  ${dataNodeId}  ${seconds(changedAt, acceptedAt).padEnd(14)}  ${seconds(changedAt, endedAt)} ${end}`,
      ),
    ...(all.length > maxShown ? [`... and ${all.length - maxShown} more`] : []),
    '',
    'In the end',
    ...[...counts].map(([end, { length }]) => `  ${end.padEnd(12)} ${length}`),
    '',
    'The queues pass their delays 60 times faster here; on AWS a change is synced within 2 to 4 minutes.',
  ];
}

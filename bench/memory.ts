import { fileURLToPath } from 'node:url';
import { environmentOf } from '../cli/target.ts';
import { startLambda } from '../emulator/lambda.ts';
import { type Door, doors } from './doors.ts';
import { readUsage } from './process-usage.ts';

interface DoorMemory {
  readonly functionName: string;
  readonly work: string;
  readonly ok: boolean;
  /** With the heap as V8 sizes it for this machine. */
  readonly peakRssMb: number;
  /** With a heap of `heapMb`. */
  readonly cappedRssMb: number;
  /** Of the first invocation, start-up included, and of a later one. */
  readonly coldCpuMs: number;
  readonly warmCpuMs: number;
}

const taskRoot = fileURLToPath(new URL('..', import.meta.url));
const invocations = 3;

const heapMb = 128; // V8 takes half of a machine as small as a function; this is what 256 MB would be

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Peak memory and processor time of every packaged functionName, doing the most that one invocation has to do. */
export async function benchDoors(): Promise<void> {
  print(
    '(m) memory and processor time of every functionName, doing the most that one invocation has to do',
  );
  print(`    peak RSS with the heap of this machine, and with ${heapMb} MB; CPU cold and warm`);
  for (const start of doors) {
    const row = await measureTwice(start);
    const rss = `${row.peakRssMb.toFixed(0)} MB  ${row.cappedRssMb.toFixed(0)} MB`;
    const cpu = `${row.coldCpuMs} ms  ${row.warmCpuMs} ms`;
    const failed = row.ok ? '' : '  FAILED';
    print(
      `    ${row.functionName.padEnd(13)} ${rss.padEnd(15)} ${cpu.padEnd(17)} ${row.work}${failed}`,
    );
  }
}

async function measureTwice(start: () => Promise<Door>): Promise<DoorMemory> {
  const natural = await measureDoor(await start(), '');
  const capped = await measureDoor(await start(), `--max-old-space-size=${heapMb}`);
  return { ...natural, ok: natural.ok && capped.ok, cappedRssMb: capped.peakRssMb };
}

async function measureDoor(
  { close, cloud, functionName, env, event, work }: Door,
  nodeOptions: string,
): Promise<Omit<DoorMemory, 'cappedRssMb'>> {
  const lambda = await startLambda({
    functionName,
    taskRoot,
    env: {
      ...environmentOf(cloud),
      SYNC_RATE_PER_SECOND: '1000',
      NODE_OPTIONS: nodeOptions,
      ...env,
    },
    onLine: () => {},
  });
  const cpuMs: number[] = [];
  let ok = true;
  for (let invocation = 0; invocation < invocations; invocation += 1) {
    const before = invocation === 0 ? 0 : readUsage(lambda.pid).cpuMs;
    const result = await lambda.invoke(event());
    ok &&= result.ok && isGood(result.response);
    cpuMs.push(readUsage(lambda.pid).cpuMs - before);
  }
  const { peakRssMb } = readUsage(lambda.pid);
  await lambda.stop();
  await close();
  const [coldCpuMs = 0, ...warm] = cpuMs;
  return { functionName, work, ok, peakRssMb, coldCpuMs, warmCpuMs: Math.min(...warm) };
}

function isGood(response: unknown): boolean {
  const { batchItemFailures = [], statusCode = 200 } = (response ?? {}) as {
    readonly batchItemFailures?: readonly unknown[];
    readonly statusCode?: number;
  };
  return statusCode < 300 && batchItemFailures.length === 0;
}

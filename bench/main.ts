import { build } from '../scripts/build.ts';
import { measureNotification, measureWatch } from './changes.ts';
import { benchCost } from './cost.ts';
import { benchFollow } from './follow.ts';
import { benchDoors } from './memory.ts';
import {
  type Measured,
  measureDispatch,
  measureHandler,
  measureHttp,
  measurePeer,
  type Run,
} from './processes.ts';
import { measureQueuePath } from './queue-path.ts';
import { measureRotation } from './rotation.ts';
import { measureSigning } from './signing.ts';
import { measureSmn } from './smn.ts';
import { measureStartUp, median } from './start-up.ts';

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
function medianOf(runs: readonly Run[], pick: (run: Run) => number): number {
  return median(runs.map(pick));
}

/** Without what a first run pays for: just-in-time compilation and the parameter store. */
function warm({ runs }: Measured): readonly Run[] {
  return runs.slice(1);
}

async function benchFleet(): Promise<void> {
  const instances = 1_000;
  const latencyMs = 50;
  const concurrency = 50;
  const cloud = { instances, latencyMs };
  const env = { SYNC_CONCURRENCY: String(concurrency), SYNC_RATE_PER_SECOND: '10000' };
  const ours = await measureHandler({ cloud, env, invocations: 6 });
  const peer = await measurePeer('axios', { cloud, env, invocations: 6 });
  const idealMs = (instances / concurrency) * latencyMs;
  const oursMs = medianOf(warm(ours), ({ report }) => report.durationMs);
  const peerMs = medianOf(warm(peer), ({ report }) => report.durationMs);
  print(
    '(a) 1,000 instances, 50 ms latency, concurrency 50; ideal = instances / concurrency x latency',
  );
  print(`    ideal                    ${seconds(idealMs)}`);
  print(
    `    ddm-sync                 ${seconds(oursMs)}  ${(oursMs / idealMs).toFixed(3)} of ideal  (aim 1.05)`,
  );
  print(
    `    ddm-sync, gentle start   ${(oursMs / (idealMs + latencyMs)).toFixed(3)} of ideal plus the one latency that the first four calls take`,
  );
  print(
    `    p-limit + axios          ${seconds(peerMs)}  ${(peerMs / idealMs).toFixed(3)} of ideal, all 50 at once`,
  );
}

async function benchThrottled(): Promise<void> {
  const perSecond = 100;
  const cloud = { instances: 3_000, latencyMs: 50, throttlePerSecond: perSecond };
  const env = { SYNC_CONCURRENCY: '50', SYNC_RATE_PER_SECOND: '500' };
  print('(b) 3,000 instances, a service that takes 100 calls a second and answers 429 above');
  const measured = {
    'ddm-sync': await measureHandler({ cloud, env }),
    'p-limit + axios-retry': await measurePeer('axios-retry', { cloud, env }),
  };
  for (const [name, { runs, stats }] of Object.entries(measured)) {
    const { accepted = 0, durationMs = 1, failed = 0 } = runs[0]?.report ?? {};
    const ratio = accepted / (durationMs / 1_000) / perSecond;
    const wasted = (stats.calls - stats.accepted) / stats.calls;
    print(
      `    ${name.padEnd(24)} ${ratio.toFixed(3)} of the limit, ${percent(wasted)} of its calls wasted, ${failed} instances failed`,
    );
  }
  print('    (aim: 0.95, 3 %, 0)');
}

async function benchCpu(): Promise<void> {
  const instances = 5_000;
  const cloud = { instances };
  const env = { SYNC_CONCURRENCY: '20', SYNC_RATE_PER_SECOND: '10000' };
  const ours = await measureHandler({ cloud, env, invocations: 6 });
  const peer = await measurePeer('axios', { cloud, env, invocations: 6 });
  const perInstance = (measured: Measured): number =>
    (medianOf(warm(measured), ({ cpuMs }) => cpuMs) / instances) * 1_000;
  const [oursUs, peerUs] = [perInstance(ours), perInstance(peer)];
  print('(c) CPU per instance, 5,000 instances, one log line each');
  print(
    `    ddm-sync                 ${oursUs.toFixed(0)} us  ${(oursUs / peerUs).toFixed(2)} of a bare axios POST  (aim 1.3)`,
  );
  print(`    p-limit + axios          ${peerUs.toFixed(0)} us`);
}

async function benchStartUp(): Promise<void> {
  const { bare, built, empty } = await measureStartUp();
  print(
    '(d) start-up of the handler; bare = middy + logger + axios + client-ssm, bundled the same way',
  );
  for (const [name, { bundleBytes, importMs, rssMb }] of Object.entries({ empty, bare, built })) {
    print(
      `    ${name.padEnd(24)} ${importMs.toFixed(1)} ms  ${rssMb.toFixed(1)} MB  ${(bundleBytes / 1_000).toFixed(0)} kB`,
    );
  }
  print(
    `    built / bare             ${(built.importMs / bare.importMs).toFixed(2)} time, ${(built.rssMb / bare.rssMb).toFixed(2)} memory  (aim 1.15)`,
  );
  print(
    `    built / empty            ${(built.importMs / empty.importMs).toFixed(0)} time, ${(built.rssMb / empty.rssMb).toFixed(2)} memory`,
  );
  print(`    bundle                   ${(built.bundleBytes / 1_000).toFixed(0)} kB of 900 kB`);
}

async function benchMemory(): Promise<void> {
  const cloud = { instances: 100_000 };
  const env = { SYNC_CONCURRENCY: '100', SYNC_RATE_PER_SECOND: '10000' };
  const capped = ['--max-old-space-size=48', '--max-semi-space-size=1'];
  print('(e) memory of one run over 100,000 instances (aim 150 MB)');
  for (const nodeArguments of [[], capped]) {
    const { maxRssMb, runs } = await measureHandler({ cloud, env, nodeArguments });
    const { accepted = 0, durationMs = 0 } = runs[0]?.report ?? {};
    const name = nodeArguments.join(' ') || 'heap as V8 sizes it for this machine';
    const took = `${accepted} accepted in ${seconds(durationMs)}`;
    print(
      `    peak RSS ${maxRssMb.toFixed(0)} MB, ${(maxRssMb / 150).toFixed(2)} of 150 MB  (${name}; ${took})`,
    );
  }
}

async function benchDispatch(): Promise<void> {
  const messages = 100_000;
  const cloud = { instances: 1 };
  const env = { MESSAGES: String(messages) };
  const rounds = { ours: [] as number[], bare: [] as number[] };
  for (let round = 0; round < 3; round += 1) {
    for (const kind of ['ours', 'bare'] as const) {
      const { runs } = await measureDispatch(kind, { cloud, env });
      rounds[kind].push(runs[0]?.report.durationMs ?? Number.NaN);
    }
  }
  const [oursMs, bareMs] = [median(rounds.ours), median(rounds.bare)];
  const rate = (ms: number): string => (messages / (ms / 1_000)).toFixed(0);
  print('(f) dispatch of 100,000 messages, 20 batches of ten in flight; medians of 3');
  print(
    `    ddm-sync                 ${rate(oursMs)} messages/s  ${(bareMs / oursMs).toFixed(2)} of the bare SDK loop  (aim 0.9)`,
  );
  print(`    bare SDK loop            ${rate(bareMs)} messages/s`);
  const run = await measureHandler({
    cloud: { instances: messages },
    env: { SYNC_INLINE_MAX: '0' },
    queue: true,
  });
  const { durationMs = 0, queued = 0 } = run.runs[0]?.report ?? {};
  print(
    `    a whole scheduled run    ${queued} queued in ${seconds(durationMs)}, log lines and list included`,
  );
}

async function benchQueuePath(): Promise<void> {
  const options = { instances: 10_000, perSecond: 100, workers: 4 };
  const { accepted, calls, durationMs, throttled } = await measureQueuePath(options);
  const idealMs = (options.instances / options.perSecond) * 1_000;
  print(
    '(g) 10,000 instances through the queue and 4 workers, a service that takes 100 calls a second',
  );
  print(
    `    ${accepted} accepted in ${seconds(durationMs)}, ${(durationMs / idealMs).toFixed(3)} of ideal (aim 1.10); ${percent(throttled / calls)} of the calls above the limit (aim 3 %)`,
  );
}

async function benchHttp(): Promise<void> {
  const latencyMs = 50;
  const { runs } = await measureHttp({ cloud: { instances: 50, latencyMs }, invocations: 40 });
  const ms = medianOf(runs.slice(5), ({ report }) => report.durationMs);
  print('(h) POST /sync for one instance, warm, a service that takes 50 ms');
  print(
    `    ${ms.toFixed(1)} ms in the handler, ${(ms - latencyMs).toFixed(1)} ms above the service's latency (aim 10 ms)`,
  );
}

function benchSigning(): void {
  const { oursUs, sdkUs } = measureSigning();
  print('(i) signing one request with an access key (SDK-HMAC-SHA256)');
  print(
    `    ddm-sync                 ${oursUs.toFixed(1)} us  (aim 60 us), ${(sdkUs / oursUs).toFixed(1)} times as fast as the SDK's signer (aim 3)`,
  );
  print(`    huaweicloud-sdk-core     ${sdkUs.toFixed(1)} us`);
}

async function benchRotation(): Promise<void> {
  const { accepted, failed, refused, rotated } = await measureRotation(500, 20);
  print(
    '(j) 10,000 syncs in 20 runs; the token is replaced in the middle of each, the old one dies',
  );
  print(
    `    ${accepted} accepted, ${failed} failed (aim 0), ${rotated} rotations, ${refused} calls refused with the dead token`,
  );
}

async function benchChanges(): Promise<void> {
  const { bareMs, verifyMs } = await measureSmn();
  const { changes, durationMs, traces } = await measureWatch(10_000);
  const { overMs, queueDelaySeconds } = await measureNotification(5);
  print('(k) change detection');
  print(
    `    verifying one SMN message, warm   ${verifyMs.toFixed(3)} ms  (aim 1 ms), ${(verifyMs / bareMs).toFixed(2)} of a bare node:crypto verify`,
  );
  print(
    `    watch over ${traces} traces          ${seconds(durationMs)}  (aim 2 s), ${changes} of them changes`,
  );
  print(
    `    SMN message to DDM call           the queue's delay of ${queueDelaySeconds} s, and ${median(overMs).toFixed(0)} ms (aim 1 s)`,
  );
}

const benches = {
  a: benchFleet,
  b: benchThrottled,
  c: benchCpu,
  d: benchStartUp,
  e: benchMemory,
  f: benchDispatch,
  g: benchQueuePath,
  h: benchHttp,
  i: benchSigning,
  j: benchRotation,
  k: benchChanges,
  l: benchFollow,
  m: benchDoors,
  n: benchCost,
};

await build();
const asked = process.argv.slice(2);
for (const [name, bench] of Object.entries(benches)) {
  if (asked.length === 0 || asked.includes(name)) await bench();
}

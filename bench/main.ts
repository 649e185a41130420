import { build } from '../local/build.ts';
import { type Measured, measureHandler, measurePeer, type Run } from './processes.ts';
import { measureStartUp, median } from './start-up.ts';

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const medianOf = (runs: readonly Run[], pick: (run: Run) => number): number =>
  median(runs.map(pick));

/** Without what a first run pays for: just-in-time compilation and the parameter store. */
const warm = ({ runs }: Measured): readonly Run[] => runs.slice(1);

const benchFleet = async (): Promise<void> => {
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
};

const benchThrottled = async (): Promise<void> => {
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
};

const benchCpu = async (): Promise<void> => {
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
};

const benchStartUp = async (): Promise<void> => {
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
};

const benchMemory = async (): Promise<void> => {
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
};

const benches = { a: benchFleet, b: benchThrottled, c: benchCpu, d: benchStartUp, e: benchMemory };

await build();
const asked = process.argv.slice(2);
for (const [name, bench] of Object.entries(benches)) {
  if (asked.length === 0 || asked.includes(name)) await bench();
}

import { inline, measureFunction, measurePeer } from './measure.ts';
import { median, seconds } from './numbers.ts';

const latencyMs = 50;
const concurrency = 50;
const rounds = 3;

/** The time of a run over a fleet, next to a loop written by hand and to the ideal. */
export async function* fleet() {
  yield '50 ms latency, concurrency 50; ideal = instances / concurrency x latency';
  yield `warm runs of ddm-sync and of p-limit + axios in turns, ${rounds} processes of each; minimum and median`;
  yield* compareWith(1_000, 5);
  yield* compareWith(10_000, 1);
  yield '(aim at 1,000: 0.97 of p-limit + axios, which starts all 50 calls at once; at 10,000: 1.05 of ideal)';
}

async function* compareWith(instances: number, warmRuns: number) {
  const idealMs = (instances / concurrency) * latencyMs;
  const measurement = {
    cloud: { instances, latencyMs },
    env: { ...inline, SYNC_CONCURRENCY: String(concurrency), SYNC_RATE_PER_SECOND: '10000' },
    invocations: warmRuns + 1,
    pauseMs: 1_100,
  };
  const [ours, peers]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    const { runs } = await measureFunction('scheduled', measurement);
    const { runs: peerRuns } = await measurePeer('withAxios', measurement);
    ours.push(...runs.slice(1).map(({ durationMs }) => durationMs));
    peers.push(...peerRuns.slice(1).map(({ durationMs }) => durationMs));
  }
  const both = (share: (ourMs: number, peerMs: number) => number): string =>
    [share(Math.min(...ours), Math.min(...peers)), share(median(ours), median(peers))]
      .map((value) => value.toFixed(3))
      .join('  ');
  const count = instances.toLocaleString('en');
  yield `${count} instances: ideal ${seconds(idealMs)}, ddm-sync ${seconds(median(ours))}, p-limit + axios ${seconds(median(peers))}`;
  yield `  ddm-sync / p-limit + axios  ${both((our, peer) => our / peer)}`;
  yield `  ddm-sync / ideal            ${both((our) => our / idealMs)}`;
  yield `  p-limit + axios / ideal     ${both((_, peer) => peer / idealMs)}`;
}

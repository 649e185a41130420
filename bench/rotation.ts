import { setTimeout as sleep } from 'node:timers/promises';
import { startPackaged } from './packaged.ts';

const instances = 500;
const runs = 20;

/** Runs over a fleet while the token is replaced in the middle of each, and the old one dies at once. */
export async function* rotation() {
  yield '10,000 syncs in 20 runs; the token is replaced in the middle of each, the old one dies';
  const env = { SYNC_RATE_PER_SECOND: '500' };
  await using packaged = await startPackaged({ instances, latencyMs: 20, env });
  const { ddm, iam } = packaged.cloud;
  const scheduled = await packaged.start('scheduled');
  const rotate = await packaged.start('rotate-token');
  const sum = { accepted: 0, failed: 0, rotated: 0 };
  for (let run = 0; run < runs; run += 1) {
    const quarter = ddm.stats().accepted + instances / 4;
    const running = scheduled.invoke({});
    while (ddm.stats().accepted < quarter) await sleep(5);
    const old = [...iam.tokens];
    const { ok } = await rotate.invoke({});
    for (const token of old) iam.tokens.delete(token);
    const result = await running;
    const report = (result.ok && result.response) as { accepted?: number; failed?: number };
    sum.rotated += Number(ok);
    sum.accepted += report.accepted ?? 0;
    sum.failed += report.failed ?? instances;
  }
  const { accepted, calls } = ddm.stats();
  yield `${sum.accepted} accepted, ${sum.failed} failed (aim 0), ${sum.rotated} rotations, ${calls - accepted} calls refused with the dead token`;
}

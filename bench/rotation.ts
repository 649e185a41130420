import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { environmentOf } from '../cli/target.ts';
import { startCloud } from '../emulator/cloud.ts';
import { startLambda } from '../emulator/lambda.ts';

const taskRoot = fileURLToPath(new URL('..', import.meta.url));

/** Runs over a fleet while the token is replaced in the middle of each, and the old one dies at once. */
export async function measureRotation(instances: number, rotations: number) {
  const cloud = await startCloud({ instances, latencyMs: 20 });
  const env = { ...environmentOf(cloud), SYNC_RATE_PER_SECOND: '500' };
  const lambda = { taskRoot, env, onLine: () => {} };
  const scheduled = await startLambda({ ...lambda, functionName: 'scheduled' });
  const rotate = await startLambda({ ...lambda, functionName: 'rotate-token' });
  const sum = { accepted: 0, failed: 0, rotated: 0, refused: 0 };
  for (let round = 0; round < rotations; round += 1) {
    const before = cloud.ddm.stats();
    const running = scheduled.invoke({});
    while (cloud.ddm.stats().accepted < before.accepted + instances / 4) await sleep(5);
    const old = [...cloud.iam.tokens];
    const { ok } = await rotate.invoke({});
    for (const token of old) cloud.iam.tokens.delete(token);
    const result = await running;
    const report = result.ok
      ? (result.response as { accepted: number; failed: number })
      : undefined;
    const after = cloud.ddm.stats();
    sum.rotated += Number(ok);
    sum.accepted += report?.accepted ?? 0;
    sum.failed += report?.failed ?? instances;
    sum.refused += after.calls - before.calls - (after.accepted - before.accepted);
  }
  await Promise.all([scheduled.stop(), rotate.stop()]);
  await cloud.close();
  return sum;
}

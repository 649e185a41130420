import type { BatchResult, Queue } from '../../../lib/aws/queue.ts';
import type { World } from '../world.ts';
import { forever, outlastHang, type Process } from './process.ts';
import type { Sqs } from './sqs.ts';

const latencyMs = 12;
const maxAttempts = 5; // the SDK's, lib/aws/queue.ts

/** One process' view of a queue: lib's interface, with SQS' faults. */
export function createSimQueue(world: World, process: Process, sqs: Sqs): Queue {
  const { faults, history, random } = world;

  /** Does the entries one by one; resolves as the SDK's answer would read. */
  const call = async (
    count: number,
    signal: AbortSignal,
    apply: (index: number) => void,
  ): Promise<BatchResult> => {
    if (process.state() === 'dead') return forever;
    const all = Array.from({ length: count }, (_, index) => ({ index, isFinal: true }));
    if (signal.aborted) return { failed: all, reason: 'the queue failed: AbortError' };
    const hang = await outlastHang(process, () => faults.isOn('sqs-hang'), maxAttempts, signal);
    if (hang === 'aborted') return { failed: all, reason: 'the queue failed: AbortError' };
    if (hang === 'timed out') return { failed: all, reason: 'the queue failed: TimeoutError' };
    if (process.state() === 'dead') return forever; // in the middle of several calls
    const fails = random.chance(faults.share('sqs-fails'));
    // A call that fails may have been taken all the same.
    const isTaken = !fails || random.chance(0.3);
    if (fails && isTaken) sqs.copies += count;
    const share = faults.share('sqs-entries');
    const failed = all
      .filter(() => random.chance(share))
      .map(({ index }) => ({ index, isFinal: false }));
    const refused = new Set(failed.map(({ index }) => index));
    for (let index = 0; index < count && isTaken; index += 1) if (!refused.has(index)) apply(index);
    process.didSomething();
    const isLate = await process.wait(latencyMs, signal);
    if (fails) return { failed: all, reason: 'the queue failed: InternalError' };
    if (isLate) return { failed: all, reason: 'the queue failed: AbortError' };
    return failed.length === 0
      ? { failed }
      : { failed, reason: 'the queue refused messages: InternalError' };
  };

  return {
    sendBatch: (entries, signal) =>
      call(entries.length, signal, (index) => {
        const entry = entries[index];
        if (entry === undefined) return;
        const body = JSON.stringify(entry.message);
        history.sent(sqs.name, body);
        if (sqs.name === 'change') world.changesSent += 1;
        if (world.sabotage === `drop ${sqs.name}`) return;
        const isHidden = world.sabotage === 'hide sync' && sqs.name === 'sync';
        for (let copies = world.sabotage === 'send twice' ? 2 : 1; copies > 0; copies -= 1) {
          sqs.send(body, isHidden ? 900 : entry.delaySeconds, entry.fifo);
        }
      }),
    size: async () =>
      (await call(1, AbortSignal.any([]), () => {})).reason === undefined ? sqs.size() : undefined,
    delayBatch: (redeliveries, signal) =>
      call(redeliveries.length, signal, (index) => {
        const redelivery = redeliveries[index];
        if (redelivery) sqs.delay(redelivery.receiptHandle, redelivery.delaySeconds);
      }),
  };
}

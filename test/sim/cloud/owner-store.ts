import type { OwnerStore } from '../../../lib/aws/owner-store.ts';
import type { World } from '../world.ts';
import { forever, type Process } from './process.ts';

const latencyMs = 150; // some megabytes

/** One process' view of what the workers share. It hangs and fails as Parameter Store does. */
export function createSimOwnerStore({ faults, owners }: World, process: Process): OwnerStore {
  let read = 0;
  const call = async <Result>(signal: AbortSignal, work: () => Result): Promise<Result> => {
    if (process.state() === 'dead') return forever;
    if (faults.isOn('ssm-hang')) {
      await process.wait(6_000, signal);
      throw new Error('no answer in time');
    }
    const result = work();
    process.didSomething();
    if (await process.wait(latencyMs, signal)) throw new Error('no answer in time');
    return result;
  };
  return {
    read: (signal) =>
      call(signal, () => {
        if (owners.version === read) return undefined;
        read = owners.version;
        return owners.text;
      }),
    write: (text, signal) =>
      call(signal, () => {
        owners.text = text;
        owners.version += 1;
      }),
  };
}

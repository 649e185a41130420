import type { ParameterStore } from '../../../lib/aws/parameter-store.ts';
import type { Part } from '../../../lib/aws/parts.ts';
import { ParameterError } from '../../../lib/errors.ts';
import type { World } from '../world.ts';
import { forever, outlastHang, type Process } from './process.ts';

const latencyMs = 8;
const maxAttempts = 10; // the SDK's, lib/aws/parameter-store.ts

/** One process' view of the parameters of the world, until the signal aborts. */
export function openSimStore(world: World, process: Process, signal: AbortSignal): ParameterStore {
  const { faults, history, parameters, random } = world;

  const call = async <Result>(names: string, work: () => Result): Promise<Result> => {
    if (process.state() === 'dead') return forever;
    const fail = (reason: string): ParameterError =>
      new ParameterError('SSM_UNAVAILABLE', names, `Reading ${names} failed: ${reason}`);
    if (signal.aborted) throw fail('no answer in time');
    if (world.sabotage === 'store ignores its signal') await process.clock.sleep(7_200_000);
    const hang = await outlastHang(process, () => faults.isOn('ssm-hang'), maxAttempts, signal);
    if (hang !== 'answers') throw fail(hang === 'aborted' ? 'no answer in time' : 'TimeoutError');
    if (process.state() === 'dead') return forever; // in the middle of several calls
    if (random.chance(faults.share('ssm-throttled'))) {
      if (await process.wait(random.between(100, 4_000), signal)) throw fail('no answer in time');
      throw fail('ThrottlingException');
    }
    const result = work();
    process.didSomething();
    if (await process.wait(latencyMs, signal)) throw fail('no answer in time');
    return result;
  };

  return {
    get: (names) =>
      call(names.join(', '), () => {
        const found = new Map<string, Part>();
        for (const name of names) {
          const value = parameters.get(name);
          if (value !== undefined) found.set(name, { name, value });
        }
        return found;
      }),
    below: (path) =>
      call(path, () =>
        [...parameters]
          .filter(([name]) => name.startsWith(`${path}/`))
          .map(([name, value]) => ({ name, value })),
      ),
    put: ({ name, value }, type) =>
      call(name, () => {
        history.stored(name, value, type);
        parameters.set(name, value);
      }),
    remove: (names) =>
      call(names.join(', '), () => {
        for (const name of names) parameters.delete(name);
      }),
  };
}

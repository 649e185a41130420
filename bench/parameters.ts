import { createSsmClient, createStore } from '../lib/aws/parameter-store.ts';
import { createParameters } from '../lib/aws/parameters.ts';
import { systemClock } from '../lib/clock.ts';

/** List and token of the process's environment. */
export async function readParameters() {
  const parameters = createParameters({
    store: createStore(createSsmClient()),
    prefix: process.env.PARAMETER_PREFIX ?? '',
    authMode: 'token',
    clock: systemClock,
  });
  const { instanceIds } = await parameters.fleet();
  const secret = await parameters.secret();
  return { instanceIds, token: 'token' in secret ? secret.token : '' };
}

import type { App } from '../../lib/app.ts';
import type { Store } from '../../lib/aws/parameter-store.ts';
import { rotateToken } from '../../lib/token/rotate.ts';
import type { Plan, Write } from './plan.ts';

export interface WriteDeps {
  readonly app: App;
  readonly store: Store;
  /** Says what is done, so that it is known should the rest fail. */
  readonly print: (text: string) => void;
}

const rotationMs = 60_000;

/**
 * Carries a plan out in the order in which a service that runs meanwhile always finds a whole list: what is
 * read first is written last, and what would be read instead is removed in the end.
 * @throws {ParameterError | RotationError}
 */
export async function carryOut(
  { app, print, store }: WriteDeps,
  { credentials, lists, stale, token }: Plan,
): Promise<void> {
  const put = async ({ name, state, type, value }: Write): Promise<void> => {
    if (state === 'retyped') await store.remove([name]);
    await store.put({ name, value }, type);
    print(`Written: ${name}`);
  };
  await put(credentials);
  if (token) {
    await rotateToken(app, rotationMs);
    print(`Written: ${token.name} and the token's parts`);
  }
  for (const list of lists) await put(list);
  await store.remove(stale);
}

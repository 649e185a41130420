import { build } from '../../scripts/build.ts';

/** Vitest's global set-up: the tests of the packaged handler need it built, once. */
export function setup(): Promise<void> {
  return build();
}

import { describe, expect, it, onTestFinished } from 'vitest';
import { useLightAbort } from './light-abort.ts';
import { discovered, oneBroken, restarts, unowned } from './scenarios/large-fleets.ts';

// The rows of `npm run sim -- --scenarios` about large fleets, with fleets as large as a test has time for.
describe('from a change to its sync', () => {
  it('1,000 nodes that restart at once lead to one sync for each of their instances', async () => {
    onTestFinished(useLightAbort());
    const { due, dead, missing, syncs } = await restarts(1_000);

    expect({ dead, missing }).toEqual({ dead: 0, missing: 0 });
    expect(syncs).toBeLessThanOrEqual(due * 1.05);
  });

  it.each([1, 20])(
    '%i changes of unowned nodes cost one pass over 6,000 instances, and known ones do not wait',
    async (changes) => {
      onTestFinished(useLightAbort());
      const { dead, knownSeconds, passes, settledMinutes } = await unowned(6_000, changes);

      expect(dead).toBe(0);
      expect(knownSeconds).toBeLessThanOrEqual(60);
      expect(passes).toBeLessThanOrEqual(1.05);
      expect(settledMinutes).toBeLessThan(30);
    },
  );

  it.each(['500', '409'] as const)(
    'an instance that always answers %s leaves no dead letter',
    async (does) => {
      const { dead, seconds } = await oneBroken(does);

      expect(dead).toBe(0);
      expect(seconds).toBeLessThan(180);
    },
  );

  it.each([
    [40_000, 'a change', 1],
    [40_000, 'POST /sync', 40_000],
  ] as const)(
    'with discovery of %i instances, %s leads to its syncs',
    async (fleet, asks, syncs) => {
      onTestFinished(useLightAbort());

      expect(await discovered(fleet, asks)).toEqual({ syncs, dead: 0, problems: 0 });
    },
  );
});

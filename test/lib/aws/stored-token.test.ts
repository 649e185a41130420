import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readToken, writeToken } from '../../../lib/aws/stored-token.ts';
import { ParameterError } from '../../../lib/errors.ts';
import type { Token } from '../../../lib/secret.ts';
import { createFakeStore, type FakeStore } from '../../fakes/store.ts';

const prefix = '/ddm-sync/test';
const expiresAt = Date.parse('2026-11-25T03:00:00Z');
const clock = { sleep: async () => {} };

/** A token of one repeated letter, so that half of another token shows. */
function tokenOf(letter: string, characters: number): string {
  return letter.repeat(characters);
}

function write(store: FakeStore, token: string) {
  return writeToken(store, clock, prefix, { token, expiresAt });
}
function read(store: FakeStore): Promise<Token> {
  return readToken(store, clock, prefix);
}

function byHand(token: string, isWhole = token.length <= 4_096): Map<string, string> {
  if (isWhole) return new Map([[`${prefix}/token`, token]]);
  const parts = token.match(/.{1,4000}/g) ?? [];
  return new Map(parts.map((part, index) => [`${prefix}/token/${index + 1}`, part]));
}

describe('a token', () => {
  test.each([100, 4_096, 4_097, 5_128, 9_120, 20_000, 32_768])(
    'of %i characters is read as it was written, with its expiry',
    async (characters) => {
      const store = createFakeStore();
      const token = tokenOf('a', characters);

      const { parameters } = await write(store, token);

      expect(await read(store)).toEqual({ token, expiresAt });
      expect(parameters).toBe(Math.ceil(characters / 4_096));
      expect(store.values.size).toBe(parameters + 1);
    },
  );

  test('is complete when its parts alone are joined in numeric order', async () => {
    const store = createFakeStore();
    for (const letter of ['a', 'b', 'c']) {
      const token = tokenOf(letter, 9_120);
      await write(store, token);

      const parts = [...store.values].filter(([name]) => name.startsWith(`${prefix}/token/`));
      const numberOf = (name: string): number => Number(name.split('/').at(-1));
      const joined = parts.sort(([a], [b]) => numberOf(a) - numberOf(b)).map(([, part]) => part);

      expect(joined.join('')).toBe(token);
    }
  });

  test.each([
    ['one parameter', byHand(tokenOf('h', 300))],
    ['two parts', byHand(tokenOf('h', 5_128))],
    ['ten parts', byHand(tokenOf('h', 32_768), false)],
  ])(
    'that a person wrote into %s is read, and removed by the first rotation',
    async (_, values) => {
      const store = createFakeStore(undefined, new Map(values));
      const before = await read(store);

      await write(store, tokenOf('a', 5_128));

      expect(before).toEqual({ token: [...values.values()].join('') });
      expect([...store.values.keys()].sort()).toEqual(
        ['token-set', 'token/11', 'token/13'].map((name) => `${prefix}/${name}`),
      );
    },
  );

  test.each([11, 12, 20])('in %i parts by hand is refused, not cut', async (count) => {
    const parts = Array.from({ length: count }, (_, index) => String(index).repeat(100));
    const names = parts.map((part, index) => [`${prefix}/token/${index + 1}`, part] as const);
    const store = createFakeStore(undefined, new Map(names));

    const error: unknown = await read(store).catch((caught: unknown) => caught);
    await write(store, tokenOf('b', 300));

    expect(error).toBeInstanceOf(ParameterError);
    expect(error).toMatchObject({ parameterName: `${prefix}/token/11` });
    expect(String(error)).toMatch(/at most 10\b.*invoke rotate-token/);
    expect((await read(store)).token).toBe(tokenOf('b', 300));
  });

  test('is the old one until the pointer is moved, wherever the rotation dies', async () => {
    for (let steps = 0; ; steps += 1) {
      let left = Number.POSITIVE_INFINITY;
      const store = createFakeStore(async () => {
        left -= 1;
        if (left < 0) throw new Error('dead');
      });
      await write(store, tokenOf('a', 9_120));
      left = steps;
      const outcome = await write(store, tokenOf('b', 5_128)).catch(() => undefined);
      left = Number.POSITIVE_INFINITY;

      const { token } = await read(store);
      await write(store, tokenOf('c', 5_128));

      expect([tokenOf('a', 9_120), tokenOf('b', 5_128)]).toContain(token);
      expect((await read(store)).token).toBe(tokenOf('c', 5_128));
      expect(store.values.size).toBe(3);
      if (outcome && !outcome.leftOver) return expect(steps).toBe(8);
      if (outcome) expect(outcome.leftOver).toBe('dead');
    }
  });

  test('whose parts do not match its pointer is refused by name', async () => {
    const store = createFakeStore();
    await write(store, tokenOf('a', 9_120));
    store.values.set(`${prefix}/token/13`, 'another value');

    const error: unknown = await read(store).catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(ParameterError);
    expect(String(error)).toContain('invoke rotate-token');
  });

  test.each(['', 'null', '{}', 'MIIcanary', '{"parts":[]}', '{"parts":["11"],"sha256":"x"}'])(
    'whose pointer is %o is refused by name, and repaired by the next rotation',
    async (pointer) => {
      const store = createFakeStore();
      await write(store, tokenOf('a', 300));
      store.values.set(`${prefix}/token-set`, pointer);

      const error: unknown = await read(store).catch((caught: unknown) => caught);
      await write(store, tokenOf('b', 300));

      expect(String(error)).toContain(
        `Parameter ${prefix}/token-set is not what rotate-token writes`,
      );
      expect((await read(store)).token).toBe(tokenOf('b', 300));
    },
  );

  test('that another writer changes at the same time is noticed', async () => {
    let puts = 0;
    const store = createFakeStore();
    const disturbed: FakeStore = {
      ...store,
      put: async (parameter, type) => {
        await store.put(parameter, type);
        puts += 1;
        if (puts === 1) await store.put({ ...parameter, value: tokenOf('x', 4_096) }, type);
      },
    };

    await expect(write(disturbed, tokenOf('a', 9_120))).rejects.toBeInstanceOf(ParameterError);
  });
});

/** Runs work whose every effect waits for its turn. */
function createStepper() {
  let turn: (() => void) | undefined;
  const step = (): Promise<void> =>
    new Promise((resolve) => {
      turn = resolve;
    });
  const settle = async (): Promise<void> => {
    for (let tick = 0; tick < 25; tick += 1) await Promise.resolve();
  };
  /** One effect; false when the work has none left. */
  const advance = async (): Promise<boolean> => {
    await settle();
    const run = turn;
    turn = undefined;
    run?.();
    await settle();
    return run !== undefined;
  };
  return { step, advance };
}

const starts: readonly (readonly [string, Map<string, string>])[] = [
  ['a token in one parameter', byHand(tokenOf('h', 300))],
  ['a token in two parts', byHand(tokenOf('h', 5_128))],
  ['a token in nine parts', byHand(tokenOf('h', 32_768), false)],
];

describe('a reader beside two rotations, at every step of both,', () => {
  test.each(starts)(
    'gets one whole token: from %s',
    async (_, initial) => {
      let interleavings = 0;
      for (let first = 0; first < 40; first += 1) {
        for (let second = first; second < 44; second += 1) {
          for (const third of [second, second + 1, second + 3]) {
            const got = await interleave(initial, [first, second, third]);
            interleavings += 1;
            expect(['h', 'a', 'b']).toContain(got[0]);
            expect(new Set(got).size).toBe(1);
            expect([4_000, 300, 5_128, 32_768, 20_000]).toContain(got.length);
          }
        }
      }
      expect(interleavings).toBeGreaterThan(2_000);
    },
    60_000,
  );

  test('gets one whole token, never older than the last one, in any order of steps', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.constantFrom(...starts),
        fc.array(fc.integer({ min: 300, max: 32_768 }), { minLength: 1, maxLength: 5 }),
        async (scheduler, [, initial], sizes) => {
          const values = new Map(initial);
          const turn = () => scheduler.schedule(Promise.resolve()).then(() => {});
          const store = createFakeStore(turn, values);
          const whole = [...initial.values()].join('');
          const tokens = [
            whole,
            ...sizes.map((size, index) => tokenOf('abcde'[index] ?? '', size)),
          ];
          const rotate = async (): Promise<void> => {
            for (const token of tokens.slice(1)) {
              await writeToken(store, { sleep: turn }, prefix, { token, expiresAt });
            }
          };
          const readAll = async (): Promise<void> => {
            let newest = 0;
            for (let reads = 0; reads < 4; reads += 1) {
              const { token } = await readToken(store, { sleep: turn }, prefix);
              const index = tokens.indexOf(token);
              expect(index).toBeGreaterThanOrEqual(newest);
              newest = index;
            }
          };

          await scheduler.waitFor(Promise.all([rotate(), readAll(), readAll()]));
        },
      ),
      { numRuns: 300 },
    );
  }, 60_000);
});

/** The reader's first effects come after `at` effects of the writer; then the two take turns. */
async function interleave(
  initial: ReadonlyMap<string, string>,
  at: readonly number[],
): Promise<string> {
  const values = new Map(initial);
  const [writer, reader] = [createStepper(), createStepper()];
  const written = (async () => {
    const store = createFakeStore(writer.step, values);
    await writeToken(store, clock, prefix, { token: tokenOf('a', 5_128), expiresAt });
    await writeToken(store, clock, prefix, { token: tokenOf('b', 20_000), expiresAt });
  })();
  let got: Token | undefined;
  const reading = readToken(createFakeStore(reader.step, values), clock, prefix).then((token) => {
    got = token;
  });
  let steps = 0;
  for (const before of at) {
    for (; steps < before; steps += 1) await writer.advance();
    await reader.advance();
  }
  while (got === undefined) {
    await writer.advance();
    if (!(await reader.advance()) && got === undefined) break;
  }
  while (await writer.advance());
  await Promise.all([written, reading]);
  return got?.token ?? '';
}

import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSlidingLimit } from '../../../emulator/sliding-limit.ts';
import { type SsmServer, splitParameter, startSsm } from '../../../emulator/ssm.ts';
import { createParameterStore, createSsmClient } from '../../../lib/aws/parameter-store.ts';
import {
  createParameters,
  type Parameters,
  type ParametersDeps,
} from '../../../lib/aws/parameters.ts';
import { ParameterError } from '../../../lib/errors.ts';
import { createFakeClock } from '../../fakes/clock.ts';
import { instanceIds } from '../../support/instances.ts';

const prefix = '/ddm-sync/test';
const token = `MIIcanary${'x'.repeat(100)}`;

interface Values {
  readonly instances?: string;
  readonly token?: string;
}

async function start(values: Values = {}): Promise<SsmServer> {
  const ssm = await startSsm();
  onTestFinished(() => ssm.close());
  const { instances = instanceIds(3).join(','), token: tokenValue = token } = values;
  const list = { name: `${prefix}/instances`, type: 'StringList', value: instances } as const;
  const secret = { name: `${prefix}/token`, type: 'SecureString', value: tokenValue } as const;
  for (const part of [...splitParameter(list, ','), ...splitParameter(secret)]) ssm.put(part);
  return ssm;
}

const { signal } = new AbortController();

function connect(ssm: SsmServer, clock: ParametersDeps['clock'] = createFakeClock()): Parameters {
  const client = createSsmClient({
    endpoint: ssm.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  onTestFinished(() => client.destroy());
  const openStore = (signal: AbortSignal) => createParameterStore(client, signal);
  return createParameters({ openStore, prefix, authMode: 'token', clock });
}

async function errorOf(work: Promise<unknown>): Promise<ParameterError> {
  const error = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (error instanceof ParameterError) return error;
  throw new Error(`expected a ParameterError, not ${String(error)}`);
}

describe('the store', () => {
  test('reads list and token with one call if each is a single parameter', async () => {
    const ssm = await start();
    const parameters = connect(ssm);

    const fleet = await parameters.fleet(signal);

    expect(fleet).toMatchObject({ instanceIds: instanceIds(3), malformed: [], duplicates: 0 });
    expect(await parameters.secret(signal)).toEqual({ token });
    expect([...ssm.calls]).toEqual([['GetParameters', 1]]);
  });

  test('is asked again after five minutes', async () => {
    const ssm = await start();
    const clock = createFakeClock();
    const parameters = connect(ssm, clock);
    await parameters.fleet(signal);

    await clock.run(clock.sleep(299_000));
    await parameters.fleet(signal);
    const before = ssm.calls.get('GetParameters');
    await clock.run(clock.sleep(2_000));
    await parameters.fleet(signal);

    expect(before).toBe(1);
    expect(ssm.calls.get('GetParameters')).toBe(2);
  });

  test('row 20: re-reads a rotated token once for all concurrent callers', async () => {
    const ssm = await start();
    const parameters = connect(ssm);
    await parameters.secret(signal);
    const rotated = token.toUpperCase();
    ssm.put({ name: `${prefix}/token`, type: 'SecureString', value: rotated });

    const tokens = await Promise.all([1, 2, 3].map(() => parameters.refreshSecret(signal)));

    expect(tokens).toEqual([1, 2, 3].map(() => ({ token: rotated })));
    expect(await parameters.secret(signal)).toEqual({ token: rotated });
    expect(ssm.calls.get('GetParameters')).toBe(2);
  });

  test('row 18: serves 150 environments that start at once, at 40 calls a second', async () => {
    const ssm = await start();
    const limit = createSlidingLimit(40);
    ssm.fault = () => (limit.take() ? undefined : { status: 400, type: 'ThrottlingException' });

    const fleets = await Promise.all(Array.from({ length: 150 }, () => connect(ssm).fleet(signal)));

    expect(fleets.every((fleet) => fleet.instanceIds.length === 3)).toBe(true);
    expect(ssm.calls.get('GetParameters')).toBeGreaterThan(150);
  }, 60_000);

  test('row 19: serves from its cache during an outage, and then fails with the name of the parameter', async () => {
    const ssm = await start();
    const clock = createFakeClock();
    const parameters = connect(ssm, clock);
    await parameters.fleet(signal);
    ssm.fault = () => ({ status: 403, type: 'AccessDeniedException' });

    const kept = await parameters.fleet(signal);
    await clock.run(clock.sleep(301_000));
    const error = await errorOf(parameters.fleet(signal));
    ssm.fault = () => undefined;
    const again = await parameters.fleet(signal);

    expect(kept.instanceIds.length).toBe(3);
    expect(error).toMatchObject({ code: 'SSM_UNAVAILABLE' });
    expect(error.message).toMatch(/\/ddm-sync\/test\/instances.*AccessDenied.*ssm:GetParameters/);
    expect(again.instanceIds.length).toBe(3);
  });

  test.each([
    ['instances', (parameters: Parameters) => parameters.fleet(signal)],
    ['token', (parameters: Parameters) => parameters.secret(signal)],
  ])('row 24: names %s when it does not exist', async (name, read) => {
    const ssm = await start();
    ssm.delete(`${prefix}/${name}`);

    const error = await errorOf(read(connect(ssm)));

    expect(error).toMatchObject({ code: 'PARAMETER_MISSING', parameterName: `${prefix}/${name}` });
    expect(error.message).toContain(`aws ssm put-parameter --name ${prefix}/${name}`);
  });

  test('row 26: reads a list of 50,000 over all its pages, in order', async () => {
    const ids = instanceIds(50_000);
    const ssm = await start({ instances: ids.join(',') });

    const fleet = await connect(ssm).fleet(signal);

    expect(fleet.instanceIds).toEqual(ids);
    expect(ssm.calls.get('GetParametersByPath')).toBeGreaterThan(45);
  });

  test('refuses a part whose name is not a number', async () => {
    const ssm = await start({ instances: instanceIds(300).join(',') });
    ssm.put({ name: `${prefix}/instances/old`, type: 'String', value: 'x' });

    const error = await errorOf(connect(ssm).fleet(signal));

    expect(error).toMatchObject({ parameterName: `${prefix}/instances/old` });
  });
});

/** Its sleeps end at once. */
const impatientClock = { monotonic: () => performance.now(), sleep: async () => {} };

describe('a list in parts', () => {
  const list = `${prefix}/instances`;
  const part = (number: number, ids: readonly string[]) =>
    ({ name: `${list}/${number}`, type: 'StringList', value: ids.join(',') }) as const;

  test('beside a whole list is refused: the error names both, and what to delete', async () => {
    const ssm = await start();
    ssm.put(part(2, instanceIds(1, 10)));

    const error = await errorOf(connect(ssm, impatientClock).fleet(signal));

    expect(error).toMatchObject({ code: 'PARAMETER_INVALID', parameterName: list });
    expect(error.message).toContain(`${list} and ${list}/2 both exist`);
    expect(error.message).toContain(`delete ${list} `);
  });

  test('beside a whole list is refused among the excluded instances too', async () => {
    const ssm = await start();
    const exclude = `${prefix}/exclude`;
    for (const name of [exclude, `${exclude}/2`]) {
      ssm.put({ name, type: 'StringList', value: instanceIds(1).join() });
    }

    const error = await errorOf(connect(ssm, impatientClock).excluded(signal));

    expect(error.message).toContain(`${exclude} and ${exclude}/2 both exist`);
  });

  test.each([
    [[2], 1],
    [[1, 3], 2],
    [[1, 2, 3, 5], 4],
  ])('with the numbers %j is refused: part %i is missing', async (numbers, missing) => {
    const ssm = await start();
    ssm.delete(list);
    for (const number of numbers) ssm.put(part(number, instanceIds(1, number)));

    const error = await errorOf(connect(ssm, impatientClock).fleet(signal));

    expect(error.parameterName).toBe(`${list}/${missing}`);
    expect(error.message).toContain(`${list}/${missing} is missing between the parts of the list`);
  });

  test('is read again while setup replaces the list', async () => {
    const ssm = await start();
    ssm.put(part(1, instanceIds(2)));
    ssm.put(part(2, instanceIds(2, 2)));
    const clock = { ...impatientClock, sleep: async () => ssm.delete(list) };

    const fleet = await connect(ssm, clock).fleet(signal);

    expect(fleet.instanceIds).toEqual(instanceIds(4));
  });
});

describe('the list', () => {
  const [first = '', second = ''] = instanceIds(2);

  test.each([
    ['a StringList', `${first},${second}`],
    ['a list with spaces and a comma too many', ` ${first} , ${second} ,`],
    ['lines', `${first}\n${second}\n`],
    ['a JSON array', JSON.stringify([first, second])],
    ['a JSON array of objects', JSON.stringify([{ instanceId: first }, second])],
  ])('row 25: may be %s', async (_, instances) => {
    const fleet = await connect(await start({ instances })).fleet(signal);

    expect(fleet).toMatchObject({ instanceIds: [first, second], malformed: [], duplicates: 0 });
  });

  test('may give instances a name, which is cut and shows no opaque text', async () => {
    const entries = [
      { instanceId: first, name: ` orders\n${'x y'.repeat(40)}` },
      { instanceId: second, name: 'A'.repeat(64) },
    ];

    const fleet = await connect(await start({ instances: JSON.stringify(entries) })).fleet(signal);

    expect(fleet.names?.get(first)).toMatch(/^orders x y.{54}$/);
    expect(fleet.names?.get(second)).not.toContain('AAAA');
  });

  test('may have names in text, too, after the id', async () => {
    const text = `${first} orders-01,${second}\norders 02,${first.toUpperCase()} x`;

    const fleet = await connect(await start({ instances: text })).fleet(signal);

    expect(fleet.instanceIds).toEqual([first, second]);
    expect(fleet.names).toEqual(new Map([[first, 'orders-01']]));
    expect(fleet.malformed).toEqual(['orders 02', `${first.toUpperCase()} x`]);
  });

  test('row 25: keeps the good ids apart from malformed ones, and counts duplicates', async () => {
    const entries = [first, 'nonsense', second, first, { id: 'x' }, 7, first.toUpperCase()];
    const ssm = await start({ instances: JSON.stringify(entries) });

    const fleet = await connect(ssm).fleet(signal);

    expect(fleet.instanceIds).toEqual([first, second]);
    expect(fleet.malformed).toEqual(['nonsense', '{"id":"x"}', '7', first.toUpperCase()]);
    expect(fleet.duplicates).toBe(1);
  });

  test('never prints a token that was pasted into the list by mistake', async () => {
    const fleet = await connect(await start({ instances: `${first},${token}` })).fleet(signal);

    expect(fleet).toMatchObject({ instanceIds: [first], malformed: ['[redacted]'], duplicates: 0 });
  });

  test('row 25: may be empty on purpose', async () => {
    const fleet = await connect(await start({ instances: '[]' })).fleet(signal);

    expect(fleet).toMatchObject({ instanceIds: [], malformed: [], duplicates: 0 });
  });

  test.each([
    ['   ', 'is empty'],
    ['[canary', 'not valid JSON'],
    ['["canary",]', 'not valid JSON'],
    ['{"canary":1}', 'JSON object'],
  ])('row 25: %o is refused by name and without its value', async (instances, problem) => {
    const error = await errorOf(connect(await start({ instances })).fleet(signal));

    expect(error).toMatchObject({
      code: 'PARAMETER_INVALID',
      parameterName: `${prefix}/instances`,
    });
    expect(error.message).toContain(problem);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary');
  });

  test('row 25: any list gives each id once and loses none', async () => {
    const ssm = await start();
    const parameters = (): Parameters => connect(ssm);
    const entry = fc.oneof(
      fc.constantFrom(...instanceIds(20)),
      fc.stringMatching(/^[a-z0-9]{1,36}$/),
    );
    const list = fc.array(entry, { minLength: 1, maxLength: 60 });

    await fc.assert(
      fc.asyncProperty(list, fc.boolean(), async (entries, asJson) => {
        const value = asJson ? JSON.stringify(entries) : entries.join(', ');
        ssm.put({ name: `${prefix}/instances`, type: 'String', value });

        const fleet = await parameters().fleet(signal);

        const unique = new Set(entries);
        expect(new Set([...fleet.instanceIds, ...fleet.malformed])).toEqual(unique);
        expect(fleet.duplicates).toBe(entries.length - unique.size);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the token', () => {
  test('row 23: of 20 KB is joined from its parts, and a line break at an end is dropped', async () => {
    const long = 'MII'.padEnd(20_000, 'abcdefghij');
    const ssm = await start({ token: long });
    ssm.put({ name: `${prefix}/token/5`, type: 'SecureString', value: `${long.slice(16_384)}\n` });

    expect(await connect(ssm).secret(signal)).toEqual({ token: long });
  });

  test('row 23: with a part missing names that part', async () => {
    const ssm = await start({ token: 'x'.repeat(12_000) });
    ssm.delete(`${prefix}/token/2`);

    const error = await errorOf(connect(ssm).secret(signal));

    expect(error).toMatchObject({ parameterName: `${prefix}/token/2` });
  });

  test.each([
    [' \n', 'is empty'],
    ['canary-canary\r\nX-Evil: 1', 'line break'],
    ['canary-canary-кириллица', 'characters'],
    ['canary', 'too short'],
    ['canary'.repeat(6_000), 'longer than'],
  ])('row 23: %o is refused by name and without its value', async (value, problem) => {
    const error = await errorOf(connect(await start({ token: value })).secret(signal));

    expect(error.code).toBe('PARAMETER_INVALID');
    expect(error.message).toContain(problem);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary');
  });
});

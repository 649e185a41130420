import { describe, expect, test } from 'vitest';
import type { OwnerStore } from '../../../lib/aws/owner-store.ts';
import { createDataNodeOwners } from '../../../lib/changes/data-node-owners.ts';
import { ParameterError } from '../../../lib/errors.ts';
import type { HttpAnswer } from '../../../lib/huawei/http.ts';
import type { SqsRecord } from '../../../lib/queue/records.ts';
import { syncBatch } from '../../../lib/queue/worker.ts';
import { answer, createFakeCts } from '../../fakes/cts-http.ts';
import { createFakeQueue } from '../../fakes/queue.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { deadlineIn } from '../../support/deadline.ts';
import { instanceIds } from '../../support/instances.ts';

const ids = instanceIds(3);
const [a = '', b = '', c = ''] = ids;
const shared = `${'d'.repeat(32)}in01`;
const unknown = `${'e'.repeat(32)}in01`;

function deliver(messageId: string, change: object): SqsRecord {
  return {
    messageId,
    receiptHandle: `handle-${messageId}`,
    body: JSON.stringify({ ...change, trigger: 'change', runId: `run-${messageId}` }),
    receiveCount: 1,
  };
}

/** The worker on the change queue; all but c share a data node. */
function createWorker(fleet = ids) {
  const cts = createFakeCts();
  for (const id of fleet) cts.dataNodes.set(id, id === c ? [] : [shared]);
  const synced: string[] = [];
  cts.fault = ({ url }) => {
    const instanceId = /instances\/([^/]+)\/rds\/sync$/.exec(url)?.[1];
    if (!instanceId) return undefined;
    synced.push(instanceId);
    return answer(200, { instanceId, jobId: 'job' });
  };
  const changeQueue = createFakeQueue();
  const syncQueue = createFakeQueue();
  const app = createTestApp({
    http: () => cts.http,
    changeQueue,
    syncQueue,
    parameters: {
      fleet: async () => ({ instanceIds: fleet, malformed: [], duplicates: 0, notRunning: [] }),
    },
  });
  const run = (deliveries: readonly SqsRecord[]) =>
    app.clock.run(
      syncBatch(app, { isChange: true, records: deliveries }, deadlineIn(60_000, app.clock)),
    );
  return { app, changeQueue, cts, run, synced, syncQueue };
}

describe('a batch of changes', () => {
  test('syncs each instance once, however many of them concern it', async () => {
    const { app, run, synced } = createWorker();

    const returned = await run([
      deliver('1', { dataNodeId: shared }),
      deliver('2', { instanceId: a }),
      deliver('3', { dataNodeId: shared }),
    ]);

    expect(returned).toEqual([]);
    expect(synced.sort()).toEqual([a, b]);
    // Each run that asked is told.
    expect(
      app.log.outcomes.map(({ instanceId, runId }) => `${runId} ${instanceId}`).sort(),
    ).toEqual([`run-1 ${a}`, `run-1 ${b}`, `run-2 ${a}`, `run-3 ${a}`, `run-3 ${b}`]);
  });

  test('comes back with a delay where an instance cannot be asked for its data nodes', async () => {
    const { app, changeQueue, cts, run } = createWorker();
    cts.fault = ({ url }) => (url.includes(`${c}/databases`) ? answer(503, {}) : undefined);

    const returned = await run([deliver('1', { dataNodeId: unknown })]);

    expect(returned).toEqual(['1']);
    expect(changeQueue.delayed).toEqual([{ receiptHandle: 'handle-1', delaySeconds: 60 }]);
    expect(app.log.warned).toEqual([
      {
        message: 'instance change not resolved yet',
        dataNodeId: unknown,
        reason: expect.stringMatching(
          /^The schemas of 1 instances could not be listed: it is not known yet which of them have the data node \(listing the schemas of .* failed: .*\)$/,
        ),
      },
    ]);
  });

  test.each([
    ['goes into a new message', (): boolean => false, [], 1],
    ['comes back where the queue does not take the new message', (): boolean => true, ['1'], 0],
  ] as const)('without time to ask every instance it %s', async (_, refuse, returned, sent) => {
    const changeQueue = createFakeQueue(refuse);
    const cts = createFakeCts();
    const fleet = instanceIds(100);
    const app: TestApp = createTestApp({
      http: () => cts.http,
      changeQueue,
      parameters: {
        fleet: async () => ({ instanceIds: fleet, malformed: [], duplicates: 0, notRunning: [] }),
      },
    });
    cts.fault = async () => {
      await app.clock.sleep(1_000);
      return answer(200, { databases: [] });
    };
    const batch = { isChange: true, records: [deliver('1', { dataNodeId: shared })] };

    const given = await app.clock.run(syncBatch(app, batch, deadlineIn(10_000, app.clock)));

    expect(given).toEqual(returned);
    expect(changeQueue.sent.map(({ message }) => message)).toEqual(
      Array.from({ length: sent }, () => ({
        dataNodeId: shared,
        changedAt: expect.any(Number),
        search: true,
        trigger: 'change',
        runId: 'run-1',
      })),
    );
    expect(changeQueue.delayed.length).toBe(returned.length);
    expect(app.clock.monotonic()).toBeLessThan(10_000);
  });

  test('comes back as a whole where the list cannot be read', async () => {
    const { app, run, synced } = createWorker();
    const broken = { ...app, fleet: () => Promise.reject(new Error('no list')) };

    const returned = await app.clock.run(
      syncBatch(
        broken,
        { isChange: true, records: [deliver('1', { instanceId: a })] },
        deadlineIn(60_000, app.clock),
      ),
    );

    expect(returned).toEqual(['1']);
    expect(synced).toEqual([]);
    expect(app.log.problems).toEqual([
      { message: 'instance changes not resolved', messages: 1, reason: 'no list' },
    ]);
    expect(await run([deliver('1', { instanceId: a })])).toEqual([]);
  });

  test('instances of a data node that are busy are asked for again, each by itself', async () => {
    const { cts, run, syncQueue } = createWorker();
    const sync = cts.fault;
    cts.fault = (request) =>
      request.url.includes(`${b}/rds/sync`) || request.url.includes(`${a}/rds/sync`)
        ? answer(409, { errCode: 'DBS.200019', externalMessage: 'busy' })
        : sync(request);

    const returned = await run([deliver('1', { dataNodeId: shared })]);

    expect(returned).toEqual([]);
    expect(syncQueue.sent.map(({ message }) => message)).toMatchObject([
      { instanceId: a, trigger: 'change' },
      { instanceId: b, trigger: 'change' },
    ]);
  });

  test('what is not of the fleet is ignored, and not called', async () => {
    const { app, run, synced } = createWorker();
    const instanceId = `${'f'.repeat(32)}in09`;
    const dataNodeId = `${'f'.repeat(32)}in01`;

    const returned = await run([deliver('1', { instanceId }), deliver('2', { dataNodeId })]);

    expect(returned).toEqual([]);
    expect(synced).toEqual([]);
    const message = 'instance change ignored: not of this fleet';
    expect(app.log.ignoredChanges).toEqual([
      { message, instanceId, runId: 'run-1' },
      { message, dataNodeId, runId: 'run-2' },
    ]);
    expect(app.log.warnings).toEqual([]);
  });
});

const html = { ...answer(200, {}), body: '<html><body>Sign in</body></html>' };

describe('an instance whose schemas cannot be listed', () => {
  const faults = [
    ['403', answer(403, { errCode: 'DBS.200047', externalMessage: 'no' })],
    ['404 APIGW.0101', answer(404, { error_code: 'APIGW.0101', error_msg: 'no such API' })],
    ['HTML with 200', html],
    ['a redirect', answer(302, {})],
    ['500', answer(500, {})],
    ['409', answer(409, { errCode: 'DBS.200019', externalMessage: 'busy' })],
  ] as const;

  function createFaultyWorker(broken: string, fault: HttpAnswer) {
    const worker = createWorker();
    const sync = worker.cts.fault;
    worker.cts.fault = (request) =>
      request.url.includes(`${broken}/databases`) ? fault : sync(request);
    return worker;
  }

  test.each(faults)('may have the data node: the change comes back after %s', async (_, fault) => {
    const { app, run, synced } = createFaultyWorker(c, fault);

    const returned = await run([deliver('1', { dataNodeId: unknown })]);

    expect(returned).toEqual(['1']);
    expect(synced).toEqual([]);
    expect(app.log.warnings).toEqual(['instance change not resolved yet']);
    expect(app.log.ignoredChanges).toEqual([]);
  });

  test.each(faults)(
    'does not hold up the others, nor is it dropped, after %s',
    async (_, fault) => {
      const { run, synced } = createFaultyWorker(b, fault);

      const returned = await run([deliver('1', { dataNodeId: shared })]);

      expect(returned).toEqual(['1']);
      expect(synced).toEqual([a]);
    },
  );

  test.each(faults)('is synced at the third delivery after %s', async (_, fault) => {
    const { app, changeQueue, run, synced } = createFaultyWorker(c, fault);

    const returned = await run([{ ...deliver('1', { dataNodeId: unknown }), receiveCount: 3 }]);

    // In a message of its own: if its sync fails as well, nothing else comes back with it.
    expect(returned).toEqual([]);
    expect(app.log.warned).toEqual([
      {
        message: 'instances synced because their schemas cannot be listed',
        dataNodeId: unknown,
        instances: 1,
      },
    ]);
    expect(changeQueue.sent.map(({ message }) => message)).toMatchObject([{ instanceId: c }]);
    await run([deliver('2', { instanceId: c })]);
    expect(synced).toEqual([c]);
    expect(app.log.ignoredChanges).toEqual([]);
  });

  test('is asked again if more than ten others fail with it, as it is not about single ones', async () => {
    const fleet = instanceIds(12);
    const { cts, run, synced } = createWorker(fleet);
    const works = cts.fault;
    cts.fault = (request) =>
      request.url.includes('/databases') ? answer(500, {}) : works(request);
    for (const id of ['1', '2', '3']) await run([deliver(id, { dataNodeId: shared })]);
    cts.fault = works;

    const returned = await run([deliver('4', { dataNodeId: shared })]);

    expect(returned).toEqual([]);
    expect(synced.length).toBe(11);
  });

  test('is not asked again after three failures, but synced', async () => {
    const { changeQueue, cts, run } = createFaultyWorker(c, answer(500, {}));
    for (const id of ['1', '2', '3']) await run([deliver(id, { dataNodeId: unknown })]);
    const before = cts.urls.filter((url) => url.includes(`${c}/databases`)).length;

    const returned = await run([deliver('4', { dataNodeId: unknown })]);

    expect(returned).toEqual([]);
    // With the third failure, and with the next change.
    expect(changeQueue.sent.map(({ message }) => message)).toMatchObject([
      { instanceId: c },
      { instanceId: c },
    ]);
    expect(cts.urls.filter((url) => url.includes(`${c}/databases`)).length).toBe(before);
  });
});

/** A worker for a fleet of 100 whose schemas take a second to list; the first instance has the shared node. */
function createSlowWorker(listing: () => HttpAnswer | undefined = () => undefined) {
  const cts = createFakeCts();
  const fleet = instanceIds(100);
  for (const [index, id] of fleet.entries()) cts.dataNodes.set(id, index === 0 ? [shared] : []);
  const changeQueue = createFakeQueue();
  const synced: string[] = [];
  const app: TestApp = createTestApp({
    http: () => cts.http,
    changeQueue,
    parameters: {
      fleet: async () => ({ instanceIds: fleet, malformed: [], duplicates: 0, notRunning: [] }),
    },
  });
  cts.fault = async ({ url }) => {
    const instanceId = /instances\/([^/]+)\/rds\/sync$/.exec(url)?.[1];
    if (instanceId) {
      synced.push(instanceId);
      return answer(200, { instanceId, jobId: 'job' });
    }
    await app.clock.sleep(1_000);
    return listing();
  };
  const run = (records: readonly SqsRecord[], totalMs: number) =>
    app.clock.run(syncBatch(app, { isChange: true, records }, deadlineIn(totalMs, app.clock)));
  const listings = () => cts.urls.filter((url) => url.includes('/databases')).length;
  return { app, changeQueue, fleet, listings, run, synced };
}

describe('a pass over the fleet', () => {
  test('is shared by all changes whose instances are not known', async () => {
    const { listings, run } = createSlowWorker();
    const nodes = ['1', '2', '3', '4', '5'].map((digit) => `${digit.repeat(32)}in01`);

    const returned = await run(
      nodes.map((dataNodeId) => deliver(dataNodeId, { dataNodeId })),
      60_000,
    );

    expect(returned).toEqual([]);
    expect(listings()).toBe(100);
  });

  test('begins after the changes whose instances are known, and holds up none of them', async () => {
    const { app, fleet, listings, run, synced } = createSlowWorker();
    await run([deliver('1', { dataNodeId: shared })], 60_000);
    await app.clock.run(app.clock.sleep(11 * 60_000));
    const before = listings();

    const changes = [{ dataNodeId: unknown }, { dataNodeId: shared }, { instanceId: fleet[7] }];
    const returned = await run(
      changes.map((change, index) => deliver(`again-${index}`, change)),
      15_000,
    );

    expect(returned).toEqual([]);
    expect(synced).toEqual([fleet[0], fleet[0], fleet[7]]);
    expect(listings() - before).toBeLessThan(100);
  });

  test('that is long is left to messages of their own, of which one batch is delivered at a time', async () => {
    const { app, changeQueue, listings } = createSlowWorker();
    const slow = { ...app, config: { ...app.config, syncRatePerSecond: 5 } };
    const run = (change: object) => {
      const records = [deliver('1', change)];
      const batch = syncBatch(slow, { isChange: true, records }, deadlineIn(60_000, app.clock));
      return app.clock.run(batch);
    };

    const first = await run({ dataNodeId: unknown, changedAt: app.clock.now() });
    const early = listings();
    const again = await run(changeQueue.sent[0]?.message ?? {});

    expect([first, again, early, listings()]).toEqual([[], [], 0, 100]);
    expect(app.log.notices.filter(({ message }) => message.startsWith('instance'))).toEqual([
      {
        message: 'instance change waits: looking for its instances',
        ...{ dataNodeId: unknown, runId: 'run-1', instances: 100 },
      },
    ]);
    expect(changeQueue.sent).toMatchObject([
      { message: { dataNodeId: unknown, search: true }, fifo: { groupId: 'search' } },
    ]);
  });

  test.each([
    ['that takes ten seconds is made at once', 10, 100],
    ['that takes longer is not', 9.9, 0],
  ])('%s', async (_, syncRatePerSecond, asked) => {
    const { app, listings } = createSlowWorker();
    const slow = { ...app, config: { ...app.config, syncRatePerSecond } };
    const records = [deliver('1', { dataNodeId: unknown }), deliver('2', { dataNodeId: shared })];

    const batch = syncBatch(slow, { isChange: true, records }, deadlineIn(60_000, app.clock));
    await app.clock.run(batch);

    expect(listings()).toBe(asked);
  });

  test('that is long is not made for a batch in which one message is not sent for it', async () => {
    const { app, listings } = createSlowWorker();
    const slow = { ...app, config: { ...app.config, syncRatePerSecond: 5 } };
    const records = [
      deliver('1', { dataNodeId: unknown, search: true }),
      deliver('2', { dataNodeId: shared }),
    ];

    const batch = syncBatch(slow, { isChange: true, records }, deadlineIn(60_000, app.clock));
    await app.clock.run(batch);

    expect(listings()).toBe(0);
  });

  test('that takes several batches syncs an instance once', async () => {
    const { changeQueue, fleet, run, synced } = createSlowWorker();
    await run([deliver('1', { dataNodeId: shared })], 15_000);
    const early = [...synced];
    for (let batch = 2; batch < 10 && changeQueue.sent.length === batch - 1; batch += 1) {
      const body = JSON.stringify(changeQueue.sent.at(-1)?.message);
      await run([{ ...deliver(String(batch), {}), body }], 15_000);
    }

    expect(early).toEqual([fleet[0]]);
    expect(synced).toEqual([fleet[0]]);
    expect(changeQueue.sent.length).toBeGreaterThan(0);
    expect(changeQueue.sent[0]?.message).toMatchObject({ dataNodeId: shared, except: [fleet[0]] });
  });

  test('in which every listing fails keeps the change, and syncs nothing', async () => {
    const { run, synced } = createSlowWorker(() => answer(403, {}));
    const returned: (readonly string[])[] = [];
    for (let receiveCount = 1; receiveCount <= 5; receiveCount += 1) {
      returned.push(await run([{ ...deliver('1', { dataNodeId: shared }), receiveCount }], 60_000));
    }

    expect(returned).toEqual(Array.from({ length: 5 }, () => ['1']));
    expect(synced).toEqual([]);
  });
});

describe('what the workers share', () => {
  function createSharing(text: string | undefined, fault?: Error) {
    const worker = createSlowWorker();
    const written: string[] = [];
    const store: OwnerStore = {
      read: async () => {
        if (fault) throw fault;
        return text;
      },
      write: async (lines) => {
        if (fault) throw fault;
        written.push(lines);
      },
    };
    const dataNodeOwners = createDataNodeOwners(worker.app.clock, store);
    const app = { ...worker.app, dataNodeOwners };
    const run = (change: object) => {
      const batch = { isChange: true, records: [deliver('1', change)] };
      return app.clock.run(syncBatch(app, batch, deadlineIn(60_000, app.clock)));
    };
    return { ...worker, run, written };
  }
  const lineOf = (id: string, at: number, ...nodes: string[]) => [id, at, ...nodes].join(' ');

  test('needs no listing of its own', async () => {
    const { app, fleet } = createSlowWorker();
    const lines = fleet.map((id, index) => lineOf(id, app.clock.now(), ...(index ? [] : [shared])));
    const sharing = createSharing(lines.join('\n'));

    expect(await sharing.run({ dataNodeId: shared })).toEqual([]);
    expect([sharing.listings(), sharing.synced]).toEqual([0, [fleet[0]]]);
    expect(sharing.written).toEqual([]);
  });

  test('is written after a pass', async () => {
    const { app, fleet, listings, run, written } = createSharing(undefined);
    const at = app.clock.now();

    await run({ dataNodeId: shared });

    expect(listings()).toBe(100);
    expect(written.length).toBe(1);
    const lines = written[0]?.split('\n') ?? [];
    expect(lines.length).toBe(100);
    expect(lines[0]).toBe(lineOf(fleet[0] ?? '', at, shared));
  });

  test('is not asked for by a change whose instance is known', async () => {
    const { app, fleet, run } = createSharing(undefined, new Error('must not be asked'));

    await run({ instanceId: fleet[1] });

    expect(app.log.warnings).toEqual([]);
  });

  test('is done without where the bucket fails', async () => {
    const { app, fleet, run, synced } = createSharing(undefined, new TypeError('no bucket'));

    expect(await run({ dataNodeId: shared })).toEqual([]);
    expect(synced).toEqual([fleet[0]]);
    const warning = {
      message: 'data nodes not shared with the other workers',
      reason: 'TypeError',
    };
    expect(app.log.warned).toEqual([warning, warning]);
  });
});

test('a change without a token in the store comes back, and one without a store is sent again', async () => {
  const third = { ...deliver('1', { dataNodeId: shared }), receiveCount: 3 };
  for (const [code, returned] of [
    ['PARAMETER_MISSING', ['1']],
    ['SSM_UNAVAILABLE', []],
  ] as const) {
    const { app, changeQueue } = createSlowWorker();
    const error = new ParameterError(code, 'token', 'unreadable');
    const secret = () => Promise.reject(error);
    const broken = { ...app, parameters: { ...app.parameters, secret } };
    const batch = { isChange: true, records: [third] };

    const given = await app.clock.run(syncBatch(broken, batch, deadlineIn(60_000, app.clock)));

    expect(given).toEqual(returned);
    expect(changeQueue.sent.length).toBe(1 - returned.length);
  }
});

describe('an outage takes no change to the dead-letter queue', () => {
  const third = { ...deliver('1', { dataNodeId: shared }), receiveCount: 3 };

  test.each([
    ['when every listing answers 500', answer(500, {})],
    ['when the token is refused', answer(401, { error_code: 'APIGW.0307', error_msg: 'old' })],
  ])('%s', async (_, fault) => {
    const { changeQueue, run, synced } = createSlowWorker(() => fault);

    const returned = [
      await run([{ ...third, receiveCount: 2 }], 300_000),
      await run([third], 300_000),
    ];

    expect(returned).toEqual([['1'], []]);
    expect(synced).toEqual([]);
    expect(changeQueue.sent.map(({ message }) => message)).toMatchObject([
      { dataNodeId: shared, changedAt: expect.any(Number), runId: 'run-1' },
    ]);
  });

  test('until it is a day old', async () => {
    const { app, changeQueue, run } = createSlowWorker(() => answer(500, {}));
    const changedAt = app.clock.now() - 24 * 3_600_000;
    const old = { ...deliver('1', { dataNodeId: shared, changedAt }), receiveCount: 3 };

    expect(await run([old], 300_000)).toEqual(['1']);
    expect(changeQueue.sent).toEqual([]);
  });
});

describe('with discovery, an instance that does not run', () => {
  function createDiscoveringWorker(state: string) {
    const worker = createWorker();
    let notRunning = [{ instanceId: b, state }];
    const app: TestApp = {
      ...worker.app,
      fleet: async () => ({
        instanceIds: ids.filter((id) => notRunning.every(({ instanceId }) => instanceId !== id)),
        malformed: [],
        duplicates: 0,
        notRunning,
      }),
    };
    const run = (records: readonly SqsRecord[]) =>
      app.clock.run(syncBatch(app, { isChange: true, records }, deadlineIn(60_000, app.clock)));
    const runAgain = () => {
      notRunning = [];
    };
    const nextMessage = () => JSON.stringify(worker.changeQueue.sent.at(-1)?.message);
    return { ...worker, app, nextMessage, run, runAgain };
  }

  test.each(['BACKUP', 'RESTARTING', 'A_STATE_OF_TOMORROW'])(
    'is synced when it runs again: %s',
    async (state) => {
      const { app, run, runAgain, synced } = createDiscoveringWorker(state);

      const early = await run([deliver('1', { instanceId: b })]);
      runAgain();
      const later = await run([deliver('1', { instanceId: b })]);

      expect(early).toEqual(['1']);
      expect(later).toEqual([]);
      expect(synced).toEqual([b]);
      expect(app.log.ignoredChanges).toEqual([]);
    },
  );

  test('and has a data node that changed is synced when it runs again, the others at once', async () => {
    const { changeQueue, nextMessage, run, runAgain, synced } = createDiscoveringWorker('BACKUP');

    const early = await run([deliver('1', { dataNodeId: shared })]);
    const atOnce = [...synced];
    runAgain();
    await run([{ ...deliver('2', {}), body: nextMessage() }]);

    expect(early).toEqual([]);
    expect(atOnce).toEqual([a]);
    expect(changeQueue.sent.length).toBe(1);
    expect(synced).toEqual([a, b]);
  });

  test('takes no message to the dead-letter queue, for a day', async () => {
    const { app, changeQueue, nextMessage, run } = createDiscoveringWorker('BACKUP');
    const third = { ...deliver('1', { instanceId: b }), receiveCount: 3 };

    const early = await run([third]);
    const again = { ...deliver('2', {}), body: nextMessage(), receiveCount: 3 };
    await app.clock.run(app.clock.sleep(24 * 3_600_000));
    const last = await run([again]);

    expect([early, last]).toEqual([[], []]);
    expect(changeQueue.sent.map(({ message }) => message)).toMatchObject([
      { instanceId: b, changedAt: expect.any(Number) },
    ]);
    expect(app.log.ignoredChanges).toMatchObject([{ instanceId: b, state: 'BACKUP' }]);
  });

  test.each(['CREATEFAILED', 'ERROR'])(
    'and will not by itself (%s) is left to the schedule',
    async (state) => {
      const { app, run, synced } = createDiscoveringWorker(state);

      expect(await run([deliver('1', { instanceId: b })])).toEqual([]);
      expect(synced).toEqual([]);
      expect(app.log.ignoredChanges).toMatchObject([{ instanceId: b, state }]);
    },
  );
});

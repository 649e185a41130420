import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Change } from '../../lib/changes/change.ts';
import { parseChangeEvent } from '../../lib/changes/event.ts';
import { parseNotification } from '../../lib/changes/notification.ts';
import { judgeEvent, judgeTrace } from '../../lib/changes/trace.ts';
import { InvalidEventError } from '../../lib/errors.ts';
import { parseFollowMessage, parseMessage } from '../../lib/queue/message.ts';
import { parseSqsEvent } from '../../lib/queue/records.ts';
import { isDryRun } from '../../lib/sync/dry-run.ts';
import { mutatedTexts, mutatedValues, toJson } from './mutate.ts';
import { forms, parsedOr, type Target } from './target.ts';

const ddm = '1f5c9fd6cd984056ba89c8c87cc03278in09';
const node = '7c1a3cde0a5b4a1f8d2e6b7c9f0a1b2cin01';
const origin = { trigger: 'schedule', runId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef' };
const trace = {
  ...{ trace_id: 'a1', trace_name: 'instanceFailOver', service_type: 'RDS', resource_id: node },
  ...{ trace_type: 'SystemAction', trace_rating: 'normal', time: 1_795_000_000_000 },
  ...{ request: `{"replica_of_id":"${node}"}`, response: { instance: { id: node } } },
};
const cloudEye = {
  ...{ event_name: 'activeStandBySwitchFailed', event_source: 'SYS.RDS' },
  detail: { resource_id: node },
};

function isTime(value: unknown): boolean {
  return (
    value === undefined ||
    (Number.isInteger(value) && Number(value) > 0 && Number(value) <= 8.64e15)
  );
}

function checkOrigin({
  runId,
  trigger,
}: {
  readonly runId: string;
  readonly trigger: string;
}): void {
  assert.match(runId, forms.runId);
  assert.ok(['schedule', 'http', 'change'].includes(trigger));
}

function checkChange(change: Change): void {
  if ('instanceId' in change) assert.match(change.instanceId, /^[0-9a-f]{32}in[0-9]{2}$/);
  else assert.match(change.dataNodeId, forms.dataNode);
  assert.ok(isTime(change.changedAt));
}

/** An id must be in what came in: none is made up. */
function checkNamed(reading: (Change & { name: string }) | string, received: string): void {
  if (typeof reading === 'string') {
    assert.ok(['irrelevant', 'unclear'].includes(reading));
    return;
  }
  checkChange(reading);
  const id = 'instanceId' in reading ? reading.instanceId : reading.dataNodeId;
  const plain = received.replace(/\\+u([0-9a-f]{4})/gi, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  assert.ok(plain === '' || plain.includes(id), 'an id that was not in the message');
}

const messages: Target = {
  name: 'message of the sync and the change queue',
  property: fc.property(
    mutatedTexts([
      { instanceId: ddm, ...origin, askedAt: 1_795_000_000_000, tries: 2, slow: true },
      { dataNodeId: node, ...origin, changedAt: 1_795_000_000_000, except: [ddm], search: true },
      { fleet: true, ...origin, askedAt: 1_795_000_000_000 },
    ]),
    (body) => {
      const message = parseMessage(body);
      if (message === undefined) return;
      checkOrigin(message);
      if ('fleet' in message) assert.equal(message.fleet, true);
      else checkChange(message);
      if ('instanceId' in message) assert.match(message.instanceId, forms.ddmInstance);
      assert.deepEqual(parseMessage(JSON.stringify(message)), message);
    },
  ),
};

const followMessages: Target = {
  name: 'message of the follow queue',
  property: fc.property(
    mutatedTexts([
      {
        round: 1,
        runs: [
          {
            ...origin,
            jobs: [
              [ddm, 'job-1', 1_795_000_000_000],
              [ddm, null, 1],
            ],
          },
        ],
      },
    ]),
    (body) => {
      const message = parseFollowMessage(body);
      if (message === undefined) return;
      assert.ok(Number.isInteger(message.round) && message.round > 0);
      for (const run of message.runs) {
        checkOrigin(run);
        for (const [instanceId, jobId, at] of run.jobs) {
          assert.match(instanceId, forms.ddmInstance);
          assert.ok(jobId === null || (jobId.length > 0 && jobId.length <= 256));
          assert.ok(isTime(at));
        }
      }
      assert.deepEqual(parseFollowMessage(JSON.stringify(message)), message);
    },
  ),
};

const sqsEvents: Target = {
  name: 'event of SQS',
  property: fc.property(
    mutatedValues([
      {
        Records: ['', '.fifo'].map((end) => ({
          ...{
            messageId: 'm1',
            receiptHandle: 'r1',
            body: '{}',
            eventSourceARN: `arn:aws:sqs:x:1:q${end}`,
          },
          attributes: { ApproximateReceiveCount: '1' },
        })),
      },
    ]),
    (event) => {
      const batch = parsedOr([InvalidEventError], () => parseSqsEvent(event));
      for (const { body, messageId, receiptHandle, receiveCount } of batch?.records ?? []) {
        assert.ok(messageId !== '' && receiptHandle !== '' && typeof body === 'string');
        assert.ok(Number.isInteger(receiveCount) && receiveCount >= 0);
      }
    },
  ),
};

const changeEvents: Target = {
  name: 'event of a change',
  property: fc.property(
    mutatedValues([
      { 'detail-type': 'DDM Instance Changed', detail: { instanceId: ddm } },
      { 'detail-type': 'DDM Instance Changed', detail: { instanceId: [ddm, ddm] } },
      { 'detail-type': 'Data Node Changed', detail: { dataNodeId: [node] } },
    ]),
    (event) => {
      const changes = parsedOr([InvalidEventError], () => parseChangeEvent(event));
      if (changes === undefined) return;
      assert.ok(changes.length > 0 && changes.length <= 1_000);
      for (const change of changes) {
        checkChange(change);
        if ('instanceId' in change) assert.match(change.instanceId, forms.ddmInstance);
      }
    },
  ),
};

const notifications: Target = {
  name: 'text of a notification',
  property: fc.property(
    mutatedTexts([
      { cts: trace },
      { records: [trace, cloudEye] },
      JSON.stringify({ message: JSON.stringify(trace) }),
      `The instance ${node} has failed over (instanceFailOver)`,
    ]),
    (text) => {
      const changes = parseNotification(text);
      if (typeof changes === 'string') return checkNamed(changes, text);
      assert.ok(changes.length > 0);
      for (const change of changes) checkNamed(change, text);
    },
  ),
};

const traces: Target = {
  name: 'audit trace',
  property: fc.property(mutatedValues([trace]), (value) => {
    const reading = judgeTrace(value, ['GaussDB(for MySQL)']);
    if (typeof reading === 'string') return checkNamed(reading, '');
    const { trace_rating = 'normal' } = value as { trace_rating?: string | null };
    assert.ok([null, 'normal'].includes(trace_rating), 'an operation that failed');
    checkNamed(reading, textOf(value));
  }),
};

const events: Target = {
  name: 'event of Cloud Eye',
  property: fc.property(mutatedValues([cloudEye, { ...cloudEye, resource_id: node }]), (value) =>
    checkNamed(judgeEvent(value), textOf(value)),
  ),
};

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : toJson(value).replaceAll('\\', ''); // '' if it is too deep
}

const scheduleInputs: Target = {
  name: 'input of a schedule',
  property: fc.property(
    mutatedValues([
      { dryRun: true },
      { detail: { dryRun: true } },
      { detail: '{"dryRun":true}' },
      {},
    ]),
    (event) => {
      const isDry = parsedOr([InvalidEventError], () => isDryRun(event));
      const asked = event as { dryRun?: unknown; detail?: { dryRun?: unknown } } | null | undefined;
      // A mistyped dry run must not become a real run.
      for (const one of [asked?.dryRun, asked?.detail?.dryRun]) {
        if (one !== undefined && one !== false) assert.notEqual(isDry, false);
      }
    },
  ),
};

export const ofMessages: readonly Target[] = [
  ...[messages, followMessages, sqsEvents, changeEvents, notifications, traces, events],
  scheduleInputs,
];

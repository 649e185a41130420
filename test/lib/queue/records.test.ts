import { expect, test } from 'vitest';
import { InvalidEventError } from '../../../lib/errors.ts';
import { parseSqsEvent } from '../../../lib/queue/records.ts';

const record = {
  messageId: 'm-1',
  receiptHandle: 'r-1',
  body: '{}',
  eventSourceARN: 'arn:aws:sqs:eu-central-1:123456789012:sync',
  attributes: { ApproximateReceiveCount: '12' },
};

test('a record has its count of deliveries, and its queue says whether it is a change', () => {
  const fifo = { ...record, eventSourceARN: `${record.eventSourceARN}.fifo` };

  expect(parseSqsEvent({ Records: [record] })).toEqual({
    isChange: false,
    records: [{ messageId: 'm-1', receiptHandle: 'r-1', body: '{}', receiveCount: 12 }],
  });
  expect(parseSqsEvent({ Records: [fifo] }).isChange).toBe(true);
});

test.each<[string, unknown]>([
  ['no records', {}],
  ['records in no list', { Records: record }],
  ['no receipt handle', { Records: [{ ...record, receiptHandle: '' }] }],
  ['no attributes', { Records: [{ ...record, attributes: undefined }] }],
  ...[undefined, 12, '', '1.5', '-1', ' 1', '1 ', '1e3', '1234567890'].map(
    (count): [string, unknown] => [
      `the count of deliveries ${JSON.stringify(count)}`,
      { Records: [{ ...record, attributes: { ApproximateReceiveCount: count } }] },
    ],
  ),
])('an event is no batch of SQS: %s', (_, event) => {
  expect(() => parseSqsEvent(event)).toThrow(InvalidEventError);
});

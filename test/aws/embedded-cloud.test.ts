import { afterAll, describe, expect, inject, test } from 'vitest';
import { type Input, openBothClouds } from './both-clouds.ts';

// The embedded cloud of `npm start` and of all other tests, next to moto: the same calls, in this order, the same answers.
const { ask, askAboutLast, close } = await openBothClouds(inject('moto'));

afterAll(close);

const names = Array.from({ length: 11 }, (_, index) => `/embedded/list/${index + 1}`);
const put = (Name: string, Value: string, rest: Input = {}): Input => ({
  ...{ Name, Value, Type: 'String', Tier: 'Standard' },
  ...rest,
});

describe('Parameter Store answers as moto does to', () => {
  test.each<readonly [title: string, operation: string, input: Input]>([
    ['a new parameter', 'PutParameter', put('/embedded/a', 'x')],
    ['the same again', 'PutParameter', put('/embedded/a', 'y')],
    ['the same with Overwrite', 'PutParameter', put('/embedded/a', 'y', { Overwrite: true })],
    ['no tier', 'PutParameter', put('/embedded/n', 'x', { Tier: undefined })],
    ['no type', 'PutParameter', put('/embedded/t', 'x', { Type: undefined })],
    ['no value', 'PutParameter', put('/embedded/e', '')],
    ['a name of AWS', 'PutParameter', put('/aws/e', 'x')],
    ['a name that begins with aws', 'PutParameter', put('awsx', 'x')],
    ['a name of SSM', 'PutParameter', put('/ssm/e', 'x')],
    ['a secret', 'PutParameter', put('/embedded/s', 'x', { Type: 'SecureString' })],
    ['a secret, decrypted', 'GetParameters', { Names: ['/embedded/s'], WithDecryption: true }],
    ['names that do not exist', 'GetParameters', { Names: ['/embedded/a', '/embedded/no'] }],
    ['a name twice', 'GetParameters', { Names: ['/embedded/a', '/embedded/a'] }],
    ['11 names', 'GetParameters', { Names: names }],
    ['a path with nothing below', 'GetParametersByPath', { Path: '/embedded/none' }],
    ['a path', 'GetParametersByPath', { Path: '/embedded', WithDecryption: true }],
    ['a path that ends in a slash', 'GetParametersByPath', { Path: '/embedded/', MaxResults: 1 }],
    ['11 results', 'GetParametersByPath', { Path: '/embedded', MaxResults: 11 }],
    ['a deletion', 'DeleteParameters', { Names: ['/embedded/a', '/embedded/no'] }],
  ])('%s', async (_, operation, input) => {
    const { moto, ours } = await ask(`SSM.${operation}`, input);

    expect(ours).toEqual(moto);
  });

  test('a secret without decryption: another value', async () => {
    const { moto, ours } = await ask('SSM.GetParameters', { Names: ['/embedded/s'] });

    for (const { Parameters } of [moto, ours] as { Parameters: { Value: string }[] }[]) {
      expect(Parameters.map(({ Value }) => Value)).not.toContain('x');
    }
  });
});

const entry = (Id: string, rest: Input = {}): Input => ({ Id, MessageBody: 'b', ...rest });
const fifoEntry = (Id: string, MessageGroupId: string, MessageDeduplicationId: string): Input =>
  entry(Id, { MessageGroupId, MessageDeduplicationId });
const eleven = Array.from({ length: 11 }, (_, index) => entry(String(index)));
const large = 'x'.repeat(600_000);
const unknown = { Id: '1', ReceiptHandle: 'nonsense' };
const all = { MessageSystemAttributeNames: ['All'] };

describe('SQS answers as moto does to', () => {
  test.each<readonly [title: string, operation: string, input: Input]>([
    ['a queue that does not exist', 'SendMessage', { queue: 'none', MessageBody: 'b' }],
    ['an empty batch', 'SendMessageBatch', { Entries: [] }],
    ['11 entries', 'SendMessageBatch', { Entries: eleven }],
    ['equal ids', 'SendMessageBatch', { Entries: [entry('1'), entry('1')] }],
    ['an id with a blank', 'SendMessageBatch', { Entries: [entry('a b')] }],
    ['an id of 81 characters', 'SendMessageBatch', { Entries: [entry('a'.repeat(81))] }],
    [
      'more than 1 MiB together',
      'SendMessageBatch',
      { Entries: ['1', '2'].map((id) => entry(id, { MessageBody: large })) },
    ],
    ['a batch', 'SendMessageBatch', { Entries: [entry('1'), entry('2', { DelaySeconds: 900 })] }],
    ['a message', 'SendMessage', { MessageBody: 'hello' }],
    ['a receive of 0', 'ReceiveMessage', { MaxNumberOfMessages: 0 }],
    ['a receive of 11', 'ReceiveMessage', { MaxNumberOfMessages: 11 }],
    ['a receive', 'ReceiveMessage', { MaxNumberOfMessages: 1, ...all }],
    ['a receive without attributes', 'ReceiveMessage', { MaxNumberOfMessages: 10 }],
    ['a receive of nothing', 'ReceiveMessage', { MaxNumberOfMessages: 10 }],
    ['a handle that is none', 'DeleteMessageBatch', { Entries: [unknown] }],
    ['an empty deletion', 'DeleteMessageBatch', { Entries: [] }],
    ['equal ids to delete', 'DeleteMessageBatch', { Entries: [unknown, unknown] }],
    [
      'a handle that is none, to hide',
      'ChangeMessageVisibilityBatch',
      { Entries: [{ ...unknown, VisibilityTimeout: 5 }] },
    ],
    ...[
      ['a FIFO batch', { Entries: [fifoEntry('1', 'g', 'd'), fifoEntry('2', 'h', 'd')] }] as const,
      ['no deduplication id', { Entries: [entry('1', { MessageGroupId: 'x' })] }] as const,
      [
        'a delay of one message',
        { Entries: [{ ...fifoEntry('1', 'g', 'y'), DelaySeconds: 5 }] },
      ] as const,
    ].map(
      ([title, input]) =>
        [
          `${title} of a FIFO queue`,
          'SendMessageBatch',
          { queue: 'embedded-cloud.fifo', ...input },
        ] as const,
    ),
    [
      'a receive from a FIFO queue',
      'ReceiveMessage',
      { queue: 'embedded-cloud.fifo', MaxNumberOfMessages: 1, ...all },
    ],
  ])('%s', async (_, operation, input) => {
    const { moto, ours } = await ask(`SQS.${operation}`, input);

    expect(ours).toEqual(moto);
  });

  test.each([
    ['a visibility timeout of more than 12 hours', 'ChangeMessageVisibilityBatch', 43_201],
    ['a visibility timeout', 'ChangeMessageVisibilityBatch', 30],
    ['a deletion', 'DeleteMessageBatch', undefined],
    ['the visibility of what was deleted', 'ChangeMessageVisibilityBatch', 30],
  ])('%s', async (_, operation, VisibilityTimeout) => {
    await ask('SQS.SendMessage', { MessageBody: 'last' });
    await ask('SQS.ReceiveMessage', {});

    const { moto, ours } = await askAboutLast(`SQS.${operation}`, { VisibilityTimeout });

    expect(ours).toEqual(moto);
  });
});

/** By AWS's API reference moto is wrong here; a test that fails says that moto has changed. */
describe('the embedded cloud is stricter than moto about', () => {
  test.each<readonly [title: string, operation: string, input: Input, ours: unknown]>([
    [
      'more than 4,096 characters: the Standard tier holds no more',
      'SSM.PutParameter',
      put('/embedded/long', 'x'.repeat(4_097)),
      { error: 'ValidationException' },
    ],
    [
      'a name with other characters than a-zA-Z0-9_.-/',
      'SSM.PutParameter',
      put('/embedded/ä', 'x'),
      { error: 'ValidationException' },
    ],
    [
      'a change of type, which Parameter Store does not support',
      'SSM.PutParameter',
      put('/embedded/s', 'x', { Overwrite: true }),
      { error: 'HierarchyTypeMismatchException' },
    ],
    ['no names at all', 'SSM.GetParameters', { Names: [] }, { error: 'ValidationException' }],
    [
      '11 names to delete',
      'SSM.DeleteParameters',
      { Names: names },
      { error: 'ValidationException' },
    ],
    [
      'a path without a slash at its beginning',
      'SSM.GetParametersByPath',
      { Path: 'embedded' },
      { error: 'ValidationException' },
    ],
    [
      'a page that does not exist, with which moto fails',
      'SSM.GetParametersByPath',
      { Path: '/embedded', NextToken: 'nonsense' },
      { error: 'InvalidNextToken' },
    ],
    [
      'a delay above 900 s: a fault is true or false, not a text',
      'SQS.SendMessageBatch',
      { Entries: [entry('1', { DelaySeconds: 901 })] },
      {
        Successful: [],
        Failed: [{ Id: '1', Code: 'InvalidParameterValue', SenderFault: true }],
      },
    ],
    [
      'a message of no characters',
      'SQS.SendMessageBatch',
      { Entries: [entry('1', { MessageBody: '' })] },
      { Successful: [], Failed: [{ Id: '1', Code: 'MissingParameter', SenderFault: true }] },
    ],
    [
      'characters that XML does not have',
      'SQS.SendMessageBatch',
      { Entries: [entry('1', { MessageBody: '\u0000' })] },
      { Successful: [], Failed: [{ Id: '1', Code: 'InvalidMessageContents', SenderFault: true }] },
    ],
    [
      'an empty batch of visibility timeouts',
      'SQS.ChangeMessageVisibilityBatch',
      { Entries: [] },
      { error: 'EmptyBatchRequest' },
    ],
    [
      'a message without a group, by the name of the common errors',
      'SQS.SendMessage',
      { queue: 'embedded-cloud.fifo', MessageBody: 'b', MessageDeduplicationId: 'x' },
      { error: 'MissingParameter' },
    ],
    [
      'one deduplication id in two groups, as DeduplicationScope is messageGroup: the second is there',
      'SQS.ReceiveMessage',
      { queue: 'embedded-cloud.fifo', MaxNumberOfMessages: 10 },
      {
        Messages: [
          {
            MessageId: 'some',
            ReceiptHandle: 'some',
            Body: 'b',
            MD5OfBody: '92eb5ffee6ae2fec3ad71c777531578f',
          },
        ],
      },
    ],
    [
      'a deduplication id of more than 128 characters',
      'SQS.SendMessageBatch',
      { queue: 'embedded-cloud.fifo', Entries: [fifoEntry('1', 'g', 'y'.repeat(129))] },
      { error: 'InvalidParameterValue' },
    ],
  ])('%s', async (_, operation, input, expected) => {
    const { moto, ours } = await ask(operation, input);

    expect(ours).toEqual(expected);
    expect(moto).not.toEqual(expected);
  });
});

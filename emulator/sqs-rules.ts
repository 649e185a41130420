import { Refusal } from './aws-json.ts';

/** What the fields of a message, or of a batch, may hold; those of AWS's API reference. */
export interface Entry {
  readonly Id?: string;
  readonly MessageBody?: string;
  readonly DelaySeconds?: number;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
  readonly ReceiptHandle?: string;
  readonly VisibilityTimeout?: number;
}

const maxBatchEntries = 10;
const maxBytes = 1_048_576; // of a message, and of a batch
const maxDelaySeconds = 900;
const maxVisibilitySeconds = 43_200;

/** @throws {Refusal} of the whole batch */
export function checkBatch(entries: readonly Entry[]): void {
  if (entries.length === 0) throw new Refusal('EmptyBatchRequest');
  if (entries.length > maxBatchEntries) throw new Refusal('TooManyEntriesInBatchRequest');
  const ids = entries.map(({ Id = '' }) => Id);
  if (!ids.every((id) => /^[\w-]{1,80}$/.test(id))) throw new Refusal('InvalidBatchEntryId');
  if (new Set(ids).size < ids.length) throw new Refusal('BatchEntryIdsNotDistinct');
  const bytes = entries.reduce(
    (sum, { MessageBody = '' }) => sum + Buffer.byteLength(MessageBody),
    0,
  );
  if (bytes > maxBytes) throw new Refusal('BatchRequestTooLong');
}

/** @throws {Refusal} of the whole request, not of the entry */
export function checkFifo({ DelaySeconds, MessageDeduplicationId, MessageGroupId }: Entry): void {
  if (!MessageGroupId) throw new Refusal('MissingParameter');
  if (!MessageDeduplicationId || DelaySeconds) throw new Refusal('InvalidParameterValue');
  const isUsable = (id: string): boolean => /^[\x21-\x7e]{1,128}$/.test(id);
  if (!isUsable(MessageGroupId) || !isUsable(MessageDeduplicationId)) {
    throw new Refusal('InvalidParameterValue');
  }
}

/** The code with which the message itself is refused; undefined if it is not. */
export function findMessageFault({
  DelaySeconds = 0,
  MessageBody = '',
}: Entry): string | undefined {
  if (!isWithin(DelaySeconds, maxDelaySeconds)) return 'InvalidParameterValue';
  if (MessageBody === '') return 'MissingParameter';
  // The characters of XML 1.0.
  return /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(MessageBody)
    ? 'InvalidMessageContents'
    : undefined;
}

export function isVisibilityTimeout(seconds: number): boolean {
  return isWithin(seconds, maxVisibilitySeconds);
}

/** @throws {Refusal} */
export function checkReceive(maxMessages: number): void {
  if (maxMessages < 1 || maxMessages > maxBatchEntries) throw new Refusal('InvalidParameterValue');
}

function isWithin(seconds: number, max: number): boolean {
  return Number.isInteger(seconds) && seconds >= 0 && seconds <= max;
}

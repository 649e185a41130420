import * as v from 'valibot';
import { RequestError } from '../errors.ts';
import { parseJson } from '../text.ts';

/** What SMN claims to have posted. Nothing in it is verified. */
export interface SmnMessage {
  readonly type: string;
  readonly kind: SmnKind;
  /** As received; case does not matter. */
  readonly topicUrn: string;
  readonly region: string;
  readonly messageId: string;
  readonly message: string;
  /** When SMN first sent it, in ms since the epoch. A repetition has the same value. */
  readonly sentAt: number;
  readonly subscribeUrl: string | undefined;
  /** The text that is signed. */
  readonly signedText: string;
  readonly signature: string;
  readonly signatureVersion: string;
  readonly certificateUrl: string;
}

type SmnKind = 'notification' | 'subscription' | 'unsubscription';

// https://support.huaweicloud.com/usermanual-smn/smn_ug_a9002.html
const kinds = {
  Notification: 'notification',
  SubscriptionConfirmation: 'subscription',
  HttpSubscriptionUserConfirm: 'subscription',
  UnsubscribeConfirmation: 'unsubscription',
  HttpSubscriptionUserUnsubscribe: 'unsubscription',
} as const satisfies Record<string, SmnKind>;

const types = Object.keys(kinds) as (keyof typeof kinds)[];
const text = v.pipe(v.string(), v.nonEmpty());

// Only the message and the subject may have line breaks: see signedText.
const schema = v.object({
  type: v.picklist(types),
  topic_urn: v.pipe(v.string(), v.regex(/^urn:smn:[a-z0-9-]{1,40}:\w{1,64}:[\w-]{1,255}$/i)),
  message_id: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)),
  message: v.string(),
  subject: v.nullish(v.string()),
  timestamp: v.pipe(
    v.string(),
    v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/),
    v.check((value) => !Number.isNaN(Date.parse(value))),
  ),
  subscribe_url: v.nullish(v.pipe(v.string(), v.regex(/^[\x21-\x7e]{0,4096}$/))),
  signature: text,
  signature_version: text,
  signing_cert_url: text,
});

type Fields = v.InferOutput<typeof schema>;

/** Parses a message; undefined if it is not one. */
export function parseEnvelope(json: string): SmnMessage | undefined {
  const parsed = v.safeParse(schema, parseJson(json));
  if (!parsed.success) return undefined;
  const { output: fields } = parsed;
  return {
    type: fields.type,
    kind: kinds[fields.type],
    topicUrn: fields.topic_urn,
    region: fields.topic_urn.split(':')[2]?.toLowerCase() ?? '',
    messageId: fields.message_id,
    message: fields.message,
    sentAt: Date.parse(fields.timestamp),
    subscribeUrl: fields.subscribe_url ?? undefined,
    signedText: signedText(fields),
    signature: fields.signature,
    signatureVersion: fields.signature_version,
    certificateUrl: fields.signing_cert_url,
  };
}

/**
 * Keys in alphabetical order and their values, each on a line. An optional key without a value is left out.
 * https://docs.otc.t-systems.com/simple-message-notification/umn/appendix/http_https_messages/message_signature_verification.html
 */
function signedText(fields: Fields): string {
  const { message, message_id, subject, subscribe_url, timestamp, topic_urn, type } = fields;
  const own =
    kinds[type] === 'notification' ? subject && { subject } : subscribe_url && { subscribe_url };
  return Object.entries({ message, message_id, ...own, timestamp, topic_urn, type })
    .map(([key, value]) => `${key}\n${value}\n`)
    .join('');
}

/**
 * Whether the signed text can be split into fields in only one way. A message that contains its own line
 * `message_id` could be replayed as a shorter one with another id, under the same signature.
 */
export function isUnambiguous({ signedText: signed }: SmnMessage): boolean {
  return signed.split('\n').filter((line) => line === 'message_id').length === 1;
}

/** Not from SMN, or not for us. The answer gives no details, so that an attacker cannot probe the checks. */
export function refuse(reason: string): RequestError {
  return new RequestError(403, 'NOT_ALLOWED', 'The message is not accepted', reason);
}

/** Possibly from SMN, but it cannot be processed now. A 5xx makes SMN send it again. */
export function unavailable(reason: string): RequestError {
  return new RequestError(
    503,
    'UNAVAILABLE',
    'The message cannot be processed now: send it again',
    reason,
  );
}

import * as v from 'valibot';
import type { App, AppWith } from '../app.ts';
import { enqueueChanges } from '../changes/enqueue.ts';
import { parseNotification } from '../changes/notification.ts';
import type { Deadline } from '../deadline.ts';
import { RequestError } from '../errors.ts';
import { cleanForeignText } from '../text.ts';
import { unavailable } from './message.ts';
import type { SmnRequest, VerifiedMessage } from './signature.ts';

export interface NotificationRun {
  readonly runId: string;
  readonly deadline: Deadline;
}

/** The outcome of a message from SMN. */
export interface Receipt {
  readonly result:
    | 'enqueued'
    | 'repeated'
    | 'irrelevant'
    | 'unclear'
    | 'confirmed'
    | 'unconfirmed'
    | 'unsubscribed';
  /** Messages that the queue took. */
  readonly enqueued: number;
}

/**
 * Verifies a message of SMN and handles it: changes go to the queue, and a subscription is confirmed if
 * that is switched on.
 * @throws {RequestError} if it is refused, or cannot be processed now
 */
export async function receiveNotification(
  app: AppWith<'changeQueue'>,
  request: SmnRequest,
  run: NotificationRun,
): Promise<Receipt> {
  const message = await verify(app, request, run.deadline);
  if (message.isRepeated) {
    app.log.notice('notification repeated: ignored', fieldsOf(message, run));
    return { result: 'repeated', enqueued: 0 };
  }
  const receipt = await handlers[message.kind](app, message, run);
  app.smn.remember(message);
  return receipt;
}

async function verify(
  { log, smn }: App,
  request: SmnRequest,
  deadline: Deadline,
): Promise<VerifiedMessage> {
  try {
    return await smn.verify(request, deadline.signal('answers'));
  } catch (error) {
    if (error instanceof RequestError && error.statusCode === 403) log.notificationRefused();
    throw error;
  }
}

function fieldsOf({ certificateSha256, messageId }: VerifiedMessage, { runId }: NotificationRun) {
  return {
    runId,
    messageId,
    certificateSha256,
  };
}

type Handler = (
  app: AppWith<'changeQueue'>,
  message: VerifiedMessage,
  run: NotificationRun,
) => Promise<Receipt>;

const enqueue: Handler = async (app, message, run) => {
  const fields = fieldsOf(message, run);
  const changes = parseNotification(message.message);
  if (changes === 'irrelevant') {
    app.log.notice('notification irrelevant: ignored', fields);
    return { result: changes, enqueued: 0 };
  }
  if (changes === 'unclear') {
    const text = cleanForeignText(message.message, []);
    app.log.warning('notification not understood: left to the schedule', { ...fields, text });
    return { result: changes, enqueued: 0 };
  }
  const sent = await enqueueChanges(app, changes, run.runId, run.deadline);
  if (sent.refused.length > 0) {
    throw unavailable(`${sent.refused.length} messages not queued: ${sent.reason}`);
  }
  const names = [...new Set(changes.map(({ name }) => name))].join(', ');
  app.log.notice('notification enqueued', { ...fields, enqueued: sent.enqueued, names });
  return { result: 'enqueued', enqueued: sent.enqueued };
};

const confirm: Handler = async (app, message, run) => {
  const host = hostOf(message.subscribeUrl);
  const fields = { ...fieldsOf(message, run), topicUrn: message.topicUrn, host };
  if (!app.config.smnConfirm) {
    app.log.warning('subscription not confirmed: SMN_CONFIRM is off', fields);
    return { result: 'unconfirmed', enqueued: 0 };
  }
  await app.smn.confirm(message, run.deadline.signal('answers'));
  app.log.notice('subscription confirmed', fields);
  return { result: 'confirmed', enqueued: 0 };
};

function hostOf(url = ''): string {
  return URL.canParse(url) ? new URL(url).host : 'none';
}

const noteUnsubscription: Handler = async (app, message, run) => {
  const fields = { ...fieldsOf(message, run), topicUrn: message.topicUrn };
  app.log.warning('subscription cancelled: no more notifications of this topic', fields);
  return { result: 'unsubscribed', enqueued: 0 };
};

const handlers = {
  notification: enqueue,
  subscription: confirm,
  unsubscription: noteUnsubscription,
} as const satisfies Record<VerifiedMessage['kind'], Handler>;

const eventSchema = v.object({
  headers: v.optional(v.record(v.string(), v.optional(v.string())), {}),
  body: v.nullish(v.string(), ''),
  isBase64Encoded: v.optional(v.boolean(), false),
});

/** Reads a message from an HTTP API event (payload 2.0), whatever its content type. @throws {RequestError} */
export function readSmnEvent(event: unknown): SmnRequest {
  const parsed = v.safeParse(eventSchema, event);
  if (!parsed.success) throw new RequestError(400, 'BAD_REQUEST', 'The request has no usable body');
  const { body, headers, isBase64Encoded } = parsed.output;
  const type = Object.entries(headers).find(
    ([name]) => name.toLowerCase() === 'x-smn-message-type',
  )?.[1];
  return {
    body: isBase64Encoded ? Buffer.from(body, 'base64').toString() : body,
    messageType: type,
  };
}

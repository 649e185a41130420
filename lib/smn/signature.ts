import { constants, verify as verifySignature } from 'node:crypto';
import { createExpiringMap, type ExpiringMap } from '../cache.ts';
import type { Config } from '../config.ts';
import { RequestError } from '../errors.ts';
import { isLoopback } from '../hosts.ts';
import { HttpError } from '../huawei/http.ts';
import {
  type Certificates,
  type CertificatesDeps,
  createCertificates,
  type SigningCertificate,
} from './certificate.ts';
import { isUnambiguous, parseEnvelope, type SmnMessage } from './message.ts';
import { refuse, unavailable } from './refusal.ts';
import { isCertificateUrl, isSubscribeUrl } from './url.ts';

/** What came in over HTTP. */
export interface SmnRequest {
  readonly body: string;
  /** The header X-SMN-MESSAGE-TYPE. */
  readonly messageType: string | undefined;
}

/** A message that SMN signed, for an allowed topic, and not long ago. */
export interface VerifiedMessage extends SmnMessage {
  readonly certificateSha256: string;
  /** This environment has dealt with it before. */
  readonly isRepeated: boolean;
}

/** Huawei's Simple Message Notification, the receiving side. */
export interface Smn {
  /** @throws {RequestError} 413, 400, 403, or 503 when it is our failure */
  verify(request: SmnRequest, signal: AbortSignal): Promise<VerifiedMessage>;
  /** Notes that a message was dealt with; not before what it says is safe in the queue. */
  remember(message: VerifiedMessage): void;
  /** Confirms the subscription that a verified message offers. @throws {RequestError} */
  confirm(message: VerifiedMessage, signal: AbortSignal): Promise<void>;
}

export interface SmnDeps extends CertificatesDeps {
  readonly config: Pick<Config, 'ddmEndpoint' | 'smnTopicUrns' | 'smnCertificateSha256'>;
}

const maxBodyBytes = 256 * 1_024; // of an SMN message
// The timestamp is that of the first sending: it must outlast SMN's six repetitions and its blacklist.
const maxAgeMs = 60 * 60_000;
const maxAheadMs = 5 * 60_000;
const maxRemembered = 10_000; // one that is forgotten early costs an idempotent sync
const confirmTimeoutMs = 1_500;

export function createSmn(deps: SmnDeps): Smn {
  const { clock } = deps;
  const certificates = createCertificates(deps);
  const dealtWith = createExpiringMap<true>(maxRemembered, clock);
  return {
    verify: (request, signal) => verify(deps, { certificates, dealtWith }, request, signal),
    // Until the message would be refused for its age.
    remember: ({ messageId, sentAt }) => dealtWith.set(messageId, true, sentAt + maxAgeMs + 60_000),
    confirm: (message, signal) => confirm(deps, message, signal),
  };
}

interface Memory {
  readonly certificates: Certificates;
  readonly dealtWith: ExpiringMap<true>;
}

/** The checks in their fixed order: nothing is fetched before the topic and the URL are known good. */
async function verify(
  { clock, config }: SmnDeps,
  { certificates, dealtWith }: Memory,
  { body, messageType }: SmnRequest,
  signal: AbortSignal,
): Promise<VerifiedMessage> {
  if (body.length > maxBodyBytes || Buffer.byteLength(body) > maxBodyBytes) {
    throw new RequestError(413, 'TOO_LARGE', 'The body is larger than 256 KB');
  }
  const message = parseEnvelope(body);
  if (!message) throw new RequestError(400, 'BAD_REQUEST', 'The body is no SMN message in JSON');
  if (messageType !== undefined && messageType !== message.type) {
    throw refuse('the header X-SMN-MESSAGE-TYPE and the type of the body differ');
  }
  if (!config.smnTopicUrns.includes(message.topicUrn.toLowerCase())) {
    throw refuse(`the topic is not in SMN_TOPIC_URNS: ${message.topicUrn.slice(0, 256)}`);
  }
  if (!isCertificateUrl(message.certificateUrl, message.region, isLocal(config))) {
    throw refuse("the signing certificate is not at SMN in the topic's region");
  }
  const certificate = await certificates.get(message.certificateUrl, signal);
  checkSignature(message, certificate);
  const now = clock.now();
  if (message.sentAt < now - maxAgeMs) throw refuse('the message is older than 60 minutes');
  if (message.sentAt > now + maxAheadMs) throw refuse('the message is more than 5 minutes ahead');
  return {
    ...message,
    certificateSha256: certificate.sha256,
    isRepeated: dealtWith.get(message.messageId) === true,
  };
}

function isLocal({ ddmEndpoint }: SmnDeps['config']): boolean {
  return isLoopback(new URL(ddmEndpoint));
}

const { RSA_PKCS1_PADDING: padding } = constants;

/** RSA with SHA-256, whatever message or certificate say of algorithms. */
function checkSignature(message: SmnMessage, { key }: SigningCertificate): void {
  const signature = Buffer.from(message.signature, 'base64');
  // Other spellings of the same bytes are not the signature that was sent.
  const isCanonical = signature.toString('base64') === message.signature;
  const isSigned =
    isCanonical &&
    isUnambiguous(message) &&
    verifySignature('sha256', Buffer.from(message.signedText), { key, padding }, signature);
  if (!isSigned) throw refuse('the signature does not fit');
  if (message.signatureVersion.toLowerCase() !== 'v1') throw refuse('the signature is not of v1');
}

async function confirm(
  { config, connect }: SmnDeps,
  { region, subscribeUrl = '' }: VerifiedMessage,
  signal: AbortSignal,
): Promise<void> {
  if (!isSubscribeUrl(subscribeUrl, region, isLocal(config))) {
    throw refuse('the subscribe_url is neither at SMN nor at the console');
  }
  const http = connect();
  try {
    const { status } = await http.send({
      method: 'GET',
      url: subscribeUrl,
      headers: {},
      timeoutMs: confirmTimeoutMs,
      signal,
    });
    if (status !== 200) throw unavailable(`the subscription was not confirmed: ${status}`);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    throw unavailable(`the subscription was not confirmed: ${error.code}, ${error.message}`);
  } finally {
    http.close();
  }
}

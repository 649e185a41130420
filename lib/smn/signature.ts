import { constants, verify as verifySignature } from 'node:crypto';
import { createExpiringMap, type ExpiringMap } from '../cache.ts';
import type { Config } from '../config.ts';
import { RequestError } from '../errors.ts';
import {
  type Certificates,
  type CertificatesDeps,
  createCertificates,
  type SigningCertificate,
} from './certificate.ts';
import { confirmSubscription } from './confirm.ts';
import { isUnambiguous, parseEnvelope, refuse, type SmnMessage } from './message.ts';
import { isCertificateUrl, type Where } from './url.ts';

/** What came in over HTTP. */
export interface SmnRequest {
  readonly body: string;
  /** The header X-SMN-MESSAGE-TYPE. */
  readonly messageType: string | undefined;
}

/** A message that SMN signed, for an allowed topic, and not long ago. */
export interface VerifiedMessage extends SmnMessage {
  readonly certificateSha256: string;
  /** This environment has already handled it. */
  readonly isRepeated: boolean;
}

/** Huawei's Simple Message Notification, the receiving side. */
export interface Smn {
  /** @throws {RequestError} 413, 400, 403, or 503 if the failure is ours */
  verify(request: SmnRequest, signal: AbortSignal): Promise<VerifiedMessage>;
  /** Remembers a message as handled. Call it only when its changes are in the queue. */
  remember(message: VerifiedMessage): void;
  /** Confirms the subscription that a verified message offers. @throws {RequestError} */
  confirm(message: VerifiedMessage, signal: AbortSignal): Promise<void>;
}

export interface SmnDeps extends CertificatesDeps {
  readonly config: Where & Pick<Config, 'smnTopicUrns' | 'smnCertificateSha256'>;
}

const maxBodyBytes = 256 * 1_024; // of an SMN message
// The timestamp is that of the first sending: it must outlast SMN's six repetitions and its blacklist.
const maxAgeMs = 60 * 60_000;
const maxAheadMs = 5 * 60_000;
const maxRemembered = 10_000; // forgetting one early costs one idempotent sync

export function createSmn(deps: SmnDeps): Smn {
  const { clock } = deps;
  const certificates = createCertificates(deps);
  const dealtWith = createExpiringMap<true>(maxRemembered, clock);
  return {
    verify: (request, signal) => verify(deps, { certificates, dealtWith }, request, signal),
    // Until the message would be too old anyway.
    remember: ({ messageId, sentAt }) => dealtWith.set(messageId, true, sentAt + maxAgeMs + 60_000),
    confirm: (message, signal) => confirmSubscription(deps, message, signal),
  };
}

interface Memory {
  readonly certificates: Certificates;
  readonly dealtWith: ExpiringMap<true>;
}

/** The checks run in a fixed order: nothing is fetched until the topic and the URL have passed. */
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
  if (!message)
    throw new RequestError(400, 'BAD_REQUEST', 'The body is not an SMN message in JSON');
  if (messageType !== undefined && messageType !== message.type) {
    throw refuse('the header X-SMN-MESSAGE-TYPE and the type of the body differ');
  }
  if (!config.smnTopicUrns.includes(message.topicUrn.toLowerCase())) {
    throw refuse(`the topic is not in SMN_TOPIC_URNS: ${message.topicUrn.slice(0, 256)}`);
  }
  if (!isCertificateUrl(message.certificateUrl, message.region, config)) {
    throw refuse("the signing certificate URL does not belong to SMN in the topic's region");
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

const { RSA_PKCS1_PADDING: padding } = constants;

/** RSA with SHA-256, whatever algorithm the message or certificate names. */
function checkSignature(message: SmnMessage, { key }: SigningCertificate): void {
  const signature = Buffer.from(message.signature, 'base64');
  // Another Base64 spelling of the same bytes is not the signature that SMN sent.
  const isCanonical = signature.toString('base64') === message.signature;
  const isSigned =
    isCanonical &&
    isUnambiguous(message) &&
    verifySignature('sha256', Buffer.from(message.signedText), { key, padding }, signature);
  if (!isSigned) throw refuse('the signature does not match');
  if (message.signatureVersion.toLowerCase() !== 'v1')
    throw refuse('the signature version is not v1');
}

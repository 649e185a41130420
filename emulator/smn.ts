import { createSign, randomBytes, X509Certificate } from 'node:crypto';
import { generate } from 'selfsigned';
import { type CloudServer, startCloudServer } from './server.ts';

export interface SmnOptions {
  /** @default 'eu-de' */
  readonly region?: string;
  /** PEM. @default a new one */
  readonly certificate?: KeyPair;
}

interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

export interface SmnServer extends CloudServer {
  readonly topicUrn: string;
  readonly certificate: string;
  /** SHA-256 fingerprint, hex with colons. */
  readonly fingerprint: string;
  readonly certificateUrl: string;
  /** The requested paths, in order. */
  readonly requests: string[];
  /** A message as SMN posts it. */
  sign(fields?: Partial<SmnFields>): SmnEnvelope;
  /** A signed message as an event of the HTTP API (payload 2.0). */
  toEvent(envelope: SmnEnvelope): HttpApiEvent;
  /** Faults: what to answer instead; asked for every request. */
  fault: (path: string) => SmnFault | undefined;
}

interface SmnFault {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly delayMs?: number;
}

/** What the signature is over, and where its certificate is. */
interface SmnFields {
  readonly type: string;
  readonly topic_urn: string;
  readonly message_id: string;
  readonly message: string;
  readonly subject: string;
  readonly timestamp: string;
  readonly subscribe_url: string;
  readonly signing_cert_url: string;
}

export interface SmnEnvelope extends Readonly<Record<string, string>> {
  readonly type: string;
  readonly message_id: string;
  readonly signature: string;
}

interface HttpApiEvent {
  readonly routeKey: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

function fileName(region: string): string {
  return `/smn/SMN_${region}_${'0a'.repeat(16)}.pem`;
}

/** SMN as far as a subscriber sees it: a certificate to fetch, a URL that confirms, and signed messages. */
export async function startSmn({
  region = 'eu-de',
  certificate,
}: SmnOptions = {}): Promise<SmnServer> {
  const { cert, key } = certificate ?? (await createKeyPair());
  const topicUrn = `urn:smn:${region}:619d3e78f61b4be68bc5aa0b59edcf7b:ddm-changes`;
  const requests: string[] = [];

  const server = await startCloudServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    const fault = smn.fault(path);
    const answer = (): void => {
      if (fault) response.writeHead(fault.status, fault.headers).end(fault.body);
      else if (path === fileName(region)) response.writeHead(200).end(cert);
      else if (path.startsWith('/smn/subscription/confirm?token='))
        response.writeHead(200).end(confirmed(topicUrn));
      else response.writeHead(404).end();
    };
    setTimeout(answer, fault?.delayMs ?? 0);
  });

  const smn: SmnServer = {
    ...server,
    topicUrn,
    certificate: cert,
    fingerprint: new X509Certificate(cert).fingerprint256,
    certificateUrl: `${server.endpoint}${fileName(region)}`,
    requests,
    fault: () => undefined,
    sign: (fields = {}) => sign(key, { ...defaultsOf(smn, fields.type), ...fields }),
    toEvent,
  };
  return smn;
}

function confirmed(topicUrn: string): string {
  const subscription_urn = `${topicUrn}:${randomBytes(16).toString('hex')}`;
  return JSON.stringify({ request_id: randomBytes(16).toString('hex'), subscription_urn });
}

async function createKeyPair(): Promise<KeyPair> {
  const name = [{ name: 'commonName', value: 'Huawei-Cloud-SMN-Meter' }];
  const { cert, private: key } = await generate(name, {
    algorithm: 'sha256',
    keySize: 2048,
    notBeforeDate: new Date('2020-09-09T06:40:04Z'), // as SMN's own
    notAfterDate: new Date(Date.now() + 3_650 * 86_400_000),
  });
  return { cert, key };
}

function defaultsOf(
  { certificateUrl, endpoint, topicUrn }: SmnServer,
  type = 'Notification',
): Partial<SmnFields> {
  return {
    type,
    topic_urn: topicUrn,
    message_id: randomBytes(16).toString('hex'),
    message: 'You are invited to subscribe to a topic.',
    timestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    signing_cert_url: certificateUrl,
    ...(type !== 'Notification' && {
      subscribe_url: `${endpoint}/smn/subscription/confirm?token=${randomBytes(32).toString('hex')}`,
    }),
  };
}

function signedKeys(type: string | undefined): readonly string[] {
  return type === 'Notification'
    ? ['message', 'message_id', 'subject', 'timestamp', 'topic_urn', 'type']
    : ['message', 'message_id', 'subscribe_url', 'timestamp', 'topic_urn', 'type'];
}

function sign(key: string, fields: Partial<SmnFields>): SmnEnvelope {
  const values = new Map(Object.entries(fields));
  const text = signedKeys(fields.type)
    .filter((name) => values.get(name) !== undefined && values.get(name) !== '')
    .map((name) => `${name}\n${values.get(name)}\n`)
    .join('');
  const { message_id = '', type = '', ...rest } = fields;
  const signature = createSign('RSA-SHA256').update(text).sign(key, 'base64');
  return { ...rest, type, message_id, signature_version: 'v1', signature };
}

function toEvent(envelope: SmnEnvelope): HttpApiEvent {
  return {
    routeKey: 'POST /notifications/smn',
    headers: {
      'content-type': 'text/plain; charset=UTF-8',
      'x-smn-message-type': envelope.type,
      'x-smn-message-id': envelope.message_id,
      'x-smn-topic-urn': envelope.topic_urn ?? '',
    },
    body: JSON.stringify(envelope),
    isBase64Encoded: false,
  };
}

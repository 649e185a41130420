import { constants, verify, X509Certificate } from 'node:crypto';
import { type SmnEnvelope, startSmn } from '../emulator/smn.ts';
import { systemClock } from '../lib/clock.ts';
import { createHttpClient } from '../lib/huawei/http.ts';
import { createSmn } from '../lib/smn/signature.ts';
import { median } from './start-up.ts';

export interface SmnMeasured {
  /** ms for a message: parsed, all checks, certificate kept. */
  readonly verifyMs: number;
  /** ms for its signature alone, with node:crypto. */
  readonly bareMs: number;
}

const rounds = 21;
const messagesPerRound = 200;

/** The time of verifying one message in a warm environment, and of its RSA signature alone; medians. */
export async function measureSmn(): Promise<SmnMeasured> {
  const server = await startSmn();
  const config = {
    ddmEndpoint: 'http://127.0.0.1',
    smnTopicUrns: [server.topicUrn],
    smnCertificateSha256: [],
  };
  const connect = () => createHttpClient({ maxConnections: 1 });
  const smn = createSmn({ clock: systemClock, config, connect });
  const { publicKey } = new X509Certificate(server.certificate);
  const key = { key: publicKey, padding: constants.RSA_PKCS1_PADDING };
  const envelopes = Array.from({ length: messagesPerRound }, () => server.sign({ message }));
  const requests = envelopes.map((envelope) => ({
    body: JSON.stringify(envelope),
    messageType: envelope.type,
  }));
  const signed = envelopes.map((envelope) => ({
    text: Buffer.from(signedText(envelope)),
    signature: Buffer.from(envelope.signature, 'base64'),
  }));
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now();
    for (const request of requests) await smn.verify(request, systemClock.monotonic() + 3_000);
    const between = performance.now();
    for (const { signature, text } of signed) {
      if (!verify('sha256', text, key, signature)) throw new Error('a signature does not fit');
    }
    ours.push((between - startedAt) / messagesPerRound);
    bare.push((performance.now() - between) / messagesPerRound);
  }
  await server.close();
  return { verifyMs: median(ours), bareMs: median(bare) };
}

// As large as a trace of CTS.
const message = JSON.stringify({
  service_type: 'RDS',
  trace_name: 'changeInstancePort',
  resource_id: 'c6f68fed9e74478c8679479a07d7d568in01',
  trace_rating: 'normal',
  request: 'x'.repeat(1_500),
});

function signedText(envelope: SmnEnvelope): string {
  return ['message', 'message_id', 'timestamp', 'topic_urn', 'type']
    .map((name) => `${name}\n${envelope[name]}\n`)
    .join('');
}

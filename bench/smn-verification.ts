import { constants, verify, X509Certificate } from 'node:crypto';
import { startSmn } from '../emulator/smn.ts';
import { systemClock } from '../lib/clock.ts';
import { createHttpClient } from '../lib/huawei/http.ts';
import { createSmn } from '../lib/smn/signature.ts';
import { median } from './numbers.ts';

const rounds = 21;
const messagesPerRound = 200;
const message = 'x'.repeat(1_700); // as large as a trace of CTS
const signedFields = ['message', 'message_id', 'timestamp', 'topic_urn', 'type'];

/** ms for one message, all checks with the certificate kept; and for its RSA signature alone: medians. */
export async function measureVerification() {
  const server = await startSmn();
  const smn = createSmn({
    clock: systemClock,
    config: {
      ddmEndpoint: 'http://127.0.0.1',
      smnTopicUrns: [server.topicUrn],
      smnCertificateSha256: [],
    },
    connect: () => createHttpClient({ maxConnections: 1 }),
  });
  const { publicKey } = new X509Certificate(server.certificate);
  const key = { key: publicKey, padding: constants.RSA_PKCS1_PADDING };
  const messages = Array.from({ length: messagesPerRound }, () => {
    const envelope = server.sign({ message });
    return {
      request: { body: JSON.stringify(envelope), messageType: envelope.type },
      text: Buffer.from(signedFields.map((name) => `${name}\n${envelope[name]}\n`).join('')),
      signature: Buffer.from(envelope.signature, 'base64'),
    };
  });
  const [ours, bare]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now();
    for (const { request } of messages) await smn.verify(request, systemClock.monotonic() + 3_000);
    const between = performance.now();
    for (const { signature, text } of messages) {
      if (!verify('sha256', text, key, signature)) throw new Error('a signature does not fit');
    }
    ours.push((between - startedAt) / messagesPerRound);
    bare.push((performance.now() - between) / messagesPerRound);
  }
  await server.close();
  return { oursMs: median(ours), bareMs: median(bare) };
}

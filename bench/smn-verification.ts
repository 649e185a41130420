import { constants, verify, X509Certificate } from 'node:crypto';
import { startSmn } from '../emulator/smn.ts';
import { systemClock } from '../lib/clock.ts';
import { createHttpClient } from '../lib/huawei/http.ts';
import { createSmn } from '../lib/smn/signature.ts';
import { compare } from './numbers.ts';

const message = 'x'.repeat(1_700); // as large as a trace of CTS
const signedFields = ['message', 'message_id', 'timestamp', 'topic_urn', 'type'];

/** ms for one message, all checks with the certificate kept; and for its RSA signature alone: medians. */
export async function measureVerification() {
  const server = await startSmn();
  const smn = createSmn({
    clock: systemClock,
    config: {
      ddmEndpoint: 'http://127.0.0.1',
      cloudDomains: [],
      smnTopicUrns: [server.topicUrn],
      smnCertificateSha256: [],
    },
    connect: () => createHttpClient({ maxConnections: 1 }),
  });
  const { publicKey } = new X509Certificate(server.certificate);
  const key = { key: publicKey, padding: constants.RSA_PKCS1_PADDING };
  const messages = Array.from({ length: 200 }, () => {
    const envelope = server.sign({ message });
    return {
      request: { body: JSON.stringify(envelope), messageType: envelope.type },
      text: Buffer.from(signedFields.map((name) => `${name}\n${envelope[name]}\n`).join('')),
      signature: Buffer.from(envelope.signature, 'base64'),
    };
  });
  const time = (check: (one: (typeof messages)[number]) => Promise<unknown>) => async () => {
    const startedAt = performance.now();
    for (const one of messages) await check(one);
    return (performance.now() - startedAt) / messages.length;
  };
  const medians = await compare(
    21,
    time(({ request }) => smn.verify(request, AbortSignal.timeout(3_000))),
    time(async ({ signature, text }) => {
      if (!verify('sha256', text, key, signature)) throw new Error('a signature does not fit');
    }),
  );
  await server.close();
  return medians;
}

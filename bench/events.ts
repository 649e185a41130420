import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A sample of events/, with some fields replaced. */
export function sample(name: string, fields: object = {}): object {
  const text = readFileSync(new URL(`../events/${name}.json`, import.meta.url), 'utf8');
  return { ...JSON.parse(text), ...fields };
}

/** Message bodies as Lambda's event source delivers them. */
export function toBatch(bodies: readonly string[]): object {
  return {
    Records: bodies.map((body) => ({
      messageId: randomUUID(),
      receiptHandle: randomUUID(),
      body,
      attributes: { ApproximateReceiveCount: '1' },
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:eu-central-1:000000000000:ddm-sync-local-sync',
    })),
  };
}

import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createOwnerStore, createS3Client, ownersKey } from '../../../lib/aws/owner-store.ts';
import { startServer } from '../../support/http-server.ts';

const signal = new AbortController().signal;

/** S3 with one object, as far as the store uses it. */
async function startS3() {
  const s3 = { paths: new Set<string>(), object: Buffer.alloc(0), version: 0, status: 0 };
  const { url } = await startServer(async (request, response) => {
    s3.paths.add(new URL(request.url ?? '', url).pathname);
    if (s3.status > 0) return void response.writeHead(s3.status).end();
    const etag = `"${s3.version}"`;
    if (request.method === 'PUT') {
      s3.object = await buffer(request);
      s3.version += 1;
      return void response.writeHead(200, { etag: `"${s3.version}"` }).end();
    }
    if (s3.version === 0) return void response.writeHead(404).end();
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end();
    response.writeHead(200, { etag }).end(s3.object);
  });
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
  const open = () =>
    createOwnerStore(
      createS3Client({ endpoint: url, region: 'eu-central-1', forcePathStyle: true, credentials }),
      'bucket',
    );
  return { open, s3 };
}

test('what one environment writes, another reads once', async () => {
  const { open, s3 } = await startS3();
  const [writer, reader] = [open(), open()];

  const before = await reader.read(signal);
  await writer.write('a\nb', signal);
  const found = [await reader.read(signal), await reader.read(signal)];
  await writer.write('c', signal);

  expect(before).toBeUndefined();
  expect(found).toEqual(['a\nb', undefined]);
  expect(await reader.read(signal)).toBe('c');
  expect([...s3.paths]).toEqual([`/bucket/${ownersKey}`]);
});

test.each([403, 500])('rejects when S3 answers %i', async (status) => {
  const { open, s3 } = await startS3();
  s3.status = status;

  await expect(open().read(signal)).rejects.toThrow();
  await expect(open().write('a', signal)).rejects.toThrow();
});

import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import {
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { untilAborted } from '../deadline.ts';

/** One text that the execution environments share. */
export interface OwnerStore {
  /** What was written last; undefined if there is nothing, or nothing new since the last read. */
  read(signal: AbortSignal): Promise<string | undefined>;
  write(text: string, signal: AbortSignal): Promise<void>;
}

export const ownersKey = 'data-node-owners.gz';

// A worker can do without it, so it does not wait long.
const clientDefaults = {
  retryMode: 'standard',
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
} as const satisfies S3ClientConfig;

export function createS3Client(config: S3ClientConfig = {}): S3Client {
  return new S3Client({ ...clientDefaults, ...config });
}

/** An object in an S3 bucket, compressed. */
export function createOwnerStore(s3: S3Client, bucket: string): OwnerStore {
  const object = { Bucket: bucket, Key: ownersKey };
  let version: string | undefined;
  return {
    read: async (signal) => {
      const command = new GetObjectCommand({ ...object, ...(version && { IfNoneMatch: version }) });
      const options = { abortSignal: signal };
      const answer = await untilAborted(s3.send(command, options), signal).catch(unlessNone);
      const bytes = await answer?.Body?.transformToByteArray();
      if (bytes === undefined) return undefined;
      version = answer?.ETag;
      return (await promisify(gunzip)(bytes)).toString();
    },
    write: async (text, signal) => {
      const command = new PutObjectCommand({ ...object, Body: await promisify(gzip)(text) });
      await untilAborted(s3.send(command, { abortSignal: signal }), signal);
    },
  };
}

/** 304: nothing new. 404: nothing was written yet. */
function unlessNone(error: unknown): undefined {
  const { $metadata = {} } = error as { $metadata?: { httpStatusCode?: number } };
  if ($metadata.httpStatusCode === 304 || $metadata.httpStatusCode === 404) return undefined;
  throw error;
}

import { createReadStream } from 'node:fs';
import {
  CloudWatchLogsClient,
  paginateFilterLogEvents,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Stage } from '../../infra/stage.ts';
import { OptionError } from '../options.ts';
import type { Input } from './options.ts';
import { type Line, readLines, unpack } from './read-lines.ts';
import { sampleLines } from './sample-lines.ts';

/** One thing that lines are read from. */
interface Source {
  readonly name: string;
  readonly lines: AsyncIterable<Line>;
}

/** A log group or file that is missing or incomplete. The other sources are still read. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

interface Range {
  readonly now: Date;
  readonly sinceMs: number | undefined;
}

/**
 * Reading a source throws a SourceError where the others are still worth reading, and an OptionError with
 * the remedy where they are not.
 */
export function openSources(input: Input, { now, sinceMs = 0 }: Range): readonly Source[] {
  if (input.from === 'sample') return [{ name: 'sample data', lines: sampleLines(now) }];
  if (input.from === 'files') return input.paths.map(openFile);
  const endTime = now.getTime();
  const range = { startTime: endTime - sinceMs, endTime };
  const client = createClient(input.env);
  return input.names.map((name) => ({
    name,
    lines: readLogGroup(client, { ...range, logGroupName: name }),
  }));
}

function openFile(path: string): Source {
  const name = path === '-' ? 'standard input' : path;
  return { name, lines: readBytes(name, path === '-' ? process.stdin : createReadStream(path)) };
}

async function* readBytes(name: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  try {
    yield* readLines(unpack(bytes));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if ('code' in error && String(error.code).startsWith('Z_')) {
      throw new SourceError(`${name} is damaged or ends in the middle: ${error.message}`);
    }
    throw new OptionError(`Cannot read ${name}: ${error.message}`, { cause: error });
  }
}

interface LogGroupQuery {
  readonly logGroupName: string;
  readonly startTime: number;
  readonly endTime: number;
}

const maxAttempts = 10; // FilterLogEvents is throttled at a few calls a second per account and region

/** In the region and with the credentials of a stage; without one, in those of the environment. */
function createClient({ AWS_PROFILE, AWS_REGION }: Stage['env'] = {}): CloudWatchLogsClient {
  return new CloudWatchLogsClient({
    maxAttempts,
    retryMode: 'adaptive',
    ...(AWS_REGION && { region: AWS_REGION }),
    ...(AWS_PROFILE && { profile: AWS_PROFILE }),
  });
}

async function* readLogGroup(
  client: CloudWatchLogsClient,
  query: LogGroupQuery,
): AsyncGenerator<Line> {
  try {
    for await (const { events = [] } of paginateFilterLogEvents({ client }, query)) {
      for (const { message = '' } of events) yield message;
    }
  } catch (error) {
    const name = query.logGroupName;
    if (error instanceof ResourceNotFoundException) {
      throw new SourceError(`no log group ${name}: skipped`);
    }
    const { message, name: type } = error instanceof Error ? error : new TypeError(String(error));
    const [firstLine = ''] = message.split('\n');
    const reason = firstLine.replace(/\.$/, '') || type;
    throw new OptionError(`Cannot read log group ${name}: ${reason}. ${remedyOf(type, message)}`, {
      cause: error,
    });
  }
}

function remedyOf(type: string, message: string): string {
  if (/AccessDenied|UnauthorizedOperation/.test(type)) {
    return 'Allow the AWS identity logs:FilterLogEvents on this log group.';
  }
  if (/CredentialsProvider/.test(type)) {
    return 'Give AWS credentials: AWS_PROFILE (in the file of the stage, too), or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.';
  }
  if (/ExpiredToken|UnrecognizedClient|InvalidSignature|InvalidClientToken/.test(type)) {
    return 'Renew the AWS credentials: they are wrong or have expired.';
  }
  if (/[Rr]egion/.test(message))
    return 'Set AWS_REGION to the region of the functions, in the file of the stage.';
  if (/Throttling|LimitExceeded/.test(type)) return 'Ask for less: --since 1h, or one --log-group.';
  return 'Check AWS_REGION and the network.';
}

import {
  CloudWatchLogsClient,
  paginateFilterLogEvents,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';
import { OptionError } from '../start/options.ts';
import type { Line } from './read-lines.ts';
import { SourceError } from './source-error.ts';

export interface LogGroupOptions {
  readonly name: string;
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
}

const maxAttempts = 10; // FilterLogEvents is throttled at a few calls a second per account and region

let client: CloudWatchLogsClient | undefined;

/**
 * The lines of a CloudWatch log group, page by page.
 * @throws {SourceError} when there is no such group
 * @throws {OptionError} when it cannot be read: the message names the remedy
 */
export async function* readLogGroup({ from, name, to }: LogGroupOptions): AsyncGenerator<Line> {
  try {
    client ??= new CloudWatchLogsClient({ maxAttempts, retryMode: 'adaptive' });
    const range = { logGroupName: name, startTime: from, endTime: to };
    for await (const { events = [] } of paginateFilterLogEvents({ client }, range)) {
      for (const { message = '' } of events) yield message;
    }
  } catch (error) {
    if (error instanceof ResourceNotFoundException) {
      throw new SourceError(`no log group ${name}: skipped`);
    }
    const { message, name: type } = error instanceof Error ? error : new TypeError(String(error));
    throw new OptionError(
      `Cannot read log group ${name}: ${firstLine(message) || type}. ${remedyOf(type, message)}`,
      { cause: error },
    );
  }
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/\.$/, '');
}

function remedyOf(type: string, message: string): string {
  if (/AccessDenied|UnauthorizedOperation/.test(type)) {
    return 'Allow the AWS identity logs:FilterLogEvents on this log group.';
  }
  if (/CredentialsProvider/.test(type)) {
    return 'Give AWS credentials: AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.';
  }
  if (/ExpiredToken|UnrecognizedClient|InvalidSignature|InvalidClientToken/.test(type)) {
    return 'Renew the AWS credentials: they are wrong or have expired.';
  }
  if (/[Rr]egion/.test(message)) return 'Set AWS_REGION to the region of the functions.';
  if (/Throttling|LimitExceeded/.test(type)) return 'Ask for less: --since 1h, or one --log-group.';
  return 'Check AWS_REGION and the network.';
}

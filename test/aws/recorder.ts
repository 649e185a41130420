import { type IncomingMessage, request as send } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type CloudServer, startCloudServer } from '../../emulator/server.ts';
import { account, region } from './moto.ts';

/** A call to AWS, as its permission is named. */
interface Call {
  readonly accessKeyId: string;
  readonly action: string;
  readonly resource: string;
}

export interface Recorder extends CloudServer {
  /** The first call of each kind. */
  readonly calls: ReadonlyMap<string, Call>;
}

/** Passes everything on to moto, and writes down which permission of whose it takes. */
export async function startRecorder(target: string): Promise<Recorder> {
  const { host, hostname, port } = new URL(target);
  const calls = new Map<string, Call>();
  const server = await startCloudServer(async (request, response) => {
    const body = await buffer(request);
    for (const call of permissionsOf(request, body)) {
      calls.set(Object.values(call).join(' '), call);
    }
    const { method, url: path } = request;
    const headers = { host, ...request.headers, 'content-length': body.length };
    const forwarded = send({ hostname, port, method, path, headers, agent: false });
    forwarded.end(body);
    forwarded.on('response', async (answer) => {
      const answerBody = await buffer(answer);
      const { connection: _, 'transfer-encoding': __, ...rest } = answer.headers;
      response.writeHead(answer.statusCode ?? 500, rest);
      response.end(answerBody);
    });
    forwarded.on('error', () => response.destroy());
  });
  return { ...server, calls };
}

interface Input {
  readonly Name?: string;
  readonly Names?: readonly string[];
  readonly Path?: string;
  readonly QueueUrl?: string;
  readonly QueueName?: string;
  readonly SourceArn?: string;
}

const s3Actions: Readonly<Record<string, string>> = { GET: 's3:GetObject', PUT: 's3:PutObject' };

// A batch needs the permission of its single call (AWS: Service Authorization Reference, SQS).
function permissionsOf({ headers, method, url }: IncomingMessage, body: Buffer): readonly Call[] {
  const [, accessKeyId = '', scope] =
    /Credential=([^/]+)\/\d+\/[^/]+\/(\w+)\//.exec(headers.authorization ?? '') ?? [];
  if (scope === 's3') {
    const { pathname } = new URL(`http://localhost${url}`);
    const action = s3Actions[method ?? ''] ?? `s3:${method}`;
    return [{ accessKeyId, action, resource: `arn:aws:s3:::${pathname.slice(1)}` }];
  }
  const [, target, operation = ''] =
    /^Amazon(SSM|SQS)\.(\w+)$/.exec(String(headers['x-amz-target'])) ?? [];
  if (!target) throw new Error(`the recorder does not know ${headers['x-amz-target']}`);
  const service = target.toLowerCase();
  const action = `${service}:${operation.replace(/Batch$/, '')}`;
  const { Name, Names = [], Path, ...queue }: Input = JSON.parse(body.toString());
  const queueName = queue.QueueName ?? queue.QueueUrl?.split('/').at(-1) ?? queue.SourceArn;
  const resources = queueName
    ? [queueName.split(':').at(-1)]
    : [Name ?? [], Names, Path ?? []].flat().map((name) => `parameter${name}`);
  return resources.map((resource) => ({
    accessKeyId,
    action,
    resource: `arn:aws:${service}:${region}:${account}:${resource}`,
  }));
}

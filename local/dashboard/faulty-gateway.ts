import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CloudServer, readBody, sendJson, startCloudServer } from '../cloud/server.ts';

export interface Fault {
  readonly status: number;
  readonly body: unknown;
}

const latencyMs = 25;

/** Stands before DDM and answers some calls itself. */
export const startFaultyGateway = (
  ddmEndpoint: string,
  faultOf: (instanceId: string) => Fault | undefined,
): Promise<CloudServer> =>
  startCloudServer(async (asked, response) => {
    const body = await readBody(asked);
    const instanceId = /instances\/([^/]+)\/rds\/sync/.exec(asked.url ?? '')?.[1];
    const fault = instanceId && faultOf(instanceId);
    await sleep(latencyMs);
    if (fault) return sendJson(response, fault.status, fault.body);
    const { headers, method = 'POST', url = '/' } = asked;
    const forwarded = request(`${ddmEndpoint}${url}`, { headers, method }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    forwarded.end(body);
  });

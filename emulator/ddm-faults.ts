import type { Answer } from './gateway.ts';

export interface FaultShares {
  /** Share (0 to 1) of the instances that fail, always the same ones. */
  readonly failShare?: number;
  /** Share (0 to 1) of the instances that fail once. */
  readonly flakyShare?: number;
}

export interface Fault {
  /** The error of the next call, or undefined when it works. */
  next(): Answer | undefined;
}

/** Where DDM runs: its v3 API has its errors in another form on each. */
export type CloudName = 'Huawei Cloud' | 'Open Telekom Cloud';

interface DdmError extends Answer {
  readonly body: { readonly errCode: string; readonly externalMessage: string };
}

/** An error as the v1 API answers it everywhere, and the v3 API on Open Telekom Cloud. */
export function ddmError(status: number, errCode: string, externalMessage: string): DdmError {
  return {
    status,
    body: { errCode, externalMessage },
  };
}

/** An answer of the v3 API, with the error of `ddmError` in the form that the cloud documents. */
export function toV3(answer: Answer, cloud: CloudName): Answer {
  if (cloud === 'Open Telekom Cloud' || !isDdmError(answer)) return answer;
  const { body, status } = answer;
  return { status, body: { error_code: body.errCode, error_msg: body.externalMessage } };
}

function isDdmError(answer: Answer): answer is DdmError {
  return answer.body instanceof Object && 'errCode' in answer.body;
}

const lastingFaults: readonly Answer[] = [
  ddmError(400, 'DBS.280001', 'Parameter error.'),
  ddmError(500, 'DBS.200412', 'Server failure.'),
  ddmError(400, 'DBS.300005', 'Failed to process the request.'),
];

const passingFaults: readonly Answer[] = [
  ddmError(400, 'DBS.300002', 'Server failure.'),
  { status: 502, body: '<html><body><h1>502 Bad Gateway</h1></body></html>' },
];

const healthy: Fault = { next: () => undefined };

/** The fault of the instance at this index of the list. */
export function pickFault(index: number, { failShare = 0, flakyShare = 0 }: FaultShares): Fault {
  const lasting = lastingFaults[Math.floor(index * failShare) % lastingFaults.length];
  if (isHit(failShare, index)) return { next: () => lasting };
  if (!isHit(flakyShare, index)) return healthy;
  let passing = passingFaults[Math.floor(index * flakyShare) % passingFaults.length];
  return {
    next: () => {
      const failed = passing;
      passing = undefined;
      return failed;
    },
  };
}

/** True for the given share of the indexes, spread evenly; always the same ones. */
export function isHit(share: number, index: number): boolean {
  return Math.floor((index + 1) * share) > Math.floor(index * share);
}

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

export function ddmError(status: number, errCode: string, externalMessage: string): Answer {
  return {
    status,
    body: { errCode, externalMessage },
  };
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

import type { Cloud } from '../cloud/cloud.ts';
import { createSlidingLimit } from '../cloud/sliding-limit.ts';
import type { Fault } from './faulty-gateway.ts';
import type { ShownClock } from './shown-clock.ts';

/** What goes wrong in the day, and when. */
export const createFaults = (
  { ddm }: Cloud,
  clock: ShownClock,
): ((instanceId: string) => Fault | undefined) => {
  const positions = new Map(ddm.instanceIds.map((id, index) => [id, index]));
  const limit = createSlidingLimit(40);
  const during = (from: number, to: number): boolean => clock.run >= from && clock.run <= to;
  const code = (status: number, errCode: string, externalMessage: string): Fault => ({
    status,
    body: { errCode, externalMessage },
  });
  return (instanceId) => {
    const index = positions.get(instanceId) ?? 0;
    if (during(60, 66) && !limit.take()) {
      return { status: 429, body: { error_code: 'APIGW.0308', error_msg: 'Throttled.' } };
    }
    if (during(40, 44) && index % 6 === 1) return code(500, 'DBS.200412', 'Server failure.');
    if (during(50, 54) && index % 25 === 3) {
      return code(500, 'DBS.300005', 'Failed to process the request.');
    }
    if (clock.run >= 84 && index === 11) return code(400, 'DBS.280001', 'Parameter error.');
    if (clock.run >= 88 && (index === 42 || index === 43)) {
      return code(500, 'DBS.300322', 'Failed to save the instance metadata.');
    }
    if (clock.run >= 80 && index === 97) {
      return code(409, 'DBS.200019', 'Another operation is in progress on the instance.');
    }
    return undefined;
  };
};

import { lambda } from '../lib/lambda.ts';
import { warnOfExpiry } from '../lib/token/expiry.ts';
import { rotateToken } from '../lib/token/rotate.ts';

/**
 * Replaces the token in Parameter Store with a new one. If that fails, the invocation fails and the old
 * token stays.
 */
export const handler = lambda(
  async (app, _event, { deadline, runId }) => {
    try {
      return await rotateToken(app, deadline);
    } catch (error) {
      // For the alarm: the next run may be a day away. If the old token cannot be read either, the error says enough.
      await warnOfExpiry(app, runId, deadline, 'handOver').catch(() => undefined);
      throw error;
    }
  },
  { needs: ['iamEndpoint'] },
);

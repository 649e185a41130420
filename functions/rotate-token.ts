import { lambda } from '../lib/lambda.ts';
import { rotateToken } from '../lib/token/rotate.ts';

/**
 * Replaces the token in Parameter Store with a new one. If that fails, the invocation fails and the old
 * token stays.
 */
export const handler = lambda((app, _event, { deadline }) => rotateToken(app, deadline), {
  needs: ['iamEndpoint'],
});

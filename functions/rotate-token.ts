import { lambda } from '../lib/lambda.ts';
import { rotateToken } from '../lib/token/rotate.ts';

/** Replaces the token in the parameter store by a fresh one; fails, and keeps the old one, when it cannot. */
export const handler = lambda((app, _event, { deadline }) => rotateToken(app, deadline), {
  needs: ['iamEndpoint'],
});

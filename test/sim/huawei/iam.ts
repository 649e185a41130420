import { epochMs } from '../cloud/process.ts';
import { hourMs } from '../plan.ts';
import type { World } from '../world.ts';
import { json, type Reply } from './answer.ts';
import { password, tokenOf } from './ids.ts';

export interface Iam {
  respond(body: string): Reply;
  isValid(token: string): boolean;
  /** Makes a token without being asked. */
  issue(): string;
}

const lifeMs = 24 * hourMs;

export function createIam({ config, faults, scheduler }: World): Iam {
  const expiry = new Map<string, number>();

  const issue = (): string => {
    const token = tokenOf(expiry.size);
    expiry.set(token, scheduler.now() + lifeMs);
    return token;
  };

  return {
    issue,
    isValid: (token) => (expiry.get(token) ?? 0) > scheduler.now() && !faults.isOn('dead-token'),
    respond: (body) => {
      const latencyMs = 60;
      if (!body.includes(password)) {
        const error = { code: 401, message: 'The username or password is wrong.' };
        return { answer: json(401, { error }), latencyMs };
      }
      const expires_at = new Date(epochMs + scheduler.now() + lifeMs).toISOString();
      const token = { expires_at, project: { id: config.projectId } };
      return { answer: json(201, { token }, { 'x-subject-token': issue() }), latencyMs };
    },
  };
}

import { randomBytes } from 'node:crypto';
import { type CloudServer, readBody, sendJson, startCloudServer } from './server.ts';

export interface IamUser {
  readonly domainName: string;
  readonly userName: string;
  readonly password: string;
}

export interface IamServer extends CloudServer {
  readonly user: IamUser;
  /** Tokens that are valid now. */
  readonly tokens: Set<string>;
  /** Sign-ins so far, including refused ones. */
  signIns(): number;
  /** Size and lifetime of the next tokens. */
  issue: { bytes: number; lifetimeMs: number };
  /** Faults: what to answer instead, or undefined; asked for every sign-in. */
  fault: () => IamFault | undefined;
}

interface IamFault {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const lifetimeMs = 24 * 3_600_000;
const tokenBytes = 3_846; // the CMS blob of the documentation's sample: 5128 characters

/** IAM as far as a token needs it: POST /v3/auth/tokens with a password, for one project. */
export async function startIam(user: IamUser, projectId: string): Promise<IamServer> {
  const tokens = new Set<string>();
  const domain = { id: 'a1f6aa3c', name: user.domainName };
  let signIns = 0;
  const server = await startCloudServer(async (request, response) => {
    const body = await readBody(request);
    if (request.method !== 'POST' || !request.url?.startsWith('/v3/auth/tokens')) {
      return sendError(404, 'Not Found');
    }
    signIns += 1;
    const fault = iam.fault();
    if (fault) return sendJson(response, fault.status, fault.body, fault.headers);
    if (!isSignIn(body, user, projectId)) return sendError(401, 'Unauthorized');
    const token = `MIIPAgYJ${randomBytes(iam.issue.bytes).toString('base64').slice(8)}`;
    tokens.add(token);
    const now = Date.now();
    sendJson(
      response,
      201,
      {
        token: {
          methods: ['password'],
          issued_at: formatTime(now),
          expires_at: formatTime(now + iam.issue.lifetimeMs),
          project: { id: projectId, name: 'eu-de', domain },
          user: { id: 'b0e5e9d2', name: user.userName, password_expires_at: '', domain },
          roles: [{ id: '0', name: 'te_admin' }],
        },
      },
      { 'X-Subject-Token': token },
    );

    function sendError(code: number, title: string): void {
      sendJson(response, code, {
        error: { code, title, message: 'The username or password is wrong.' },
      });
    }
  });
  const iam: IamServer = {
    ...server,
    user,
    tokens,
    signIns: () => signIns,
    issue: { bytes: tokenBytes, lifetimeMs },
    fault: () => undefined,
  };
  return iam;
}

/** With microseconds, as IAM writes it. */
function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

function isSignIn(body: string, user: IamUser, projectId: string): boolean {
  try {
    const { identity, scope } = JSON.parse(body).auth;
    const { domain, name, password } = identity.password.user;
    return (
      identity.methods.includes('password') &&
      scope.project.id === projectId &&
      domain.name === user.domainName &&
      name === user.userName &&
      password === user.password
    );
  } catch {
    return false;
  }
}

/** Signs in with a password, for one project. */
export async function fetchToken(
  endpoint: string,
  { domainName, password, userName }: IamUser,
  projectId: string,
): Promise<string> {
  const user = { name: userName, password, domain: { name: domainName } };
  const answer = await fetch(`${endpoint}/v3/auth/tokens?nocatalog=true`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json;charset=utf8' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user } },
        scope: { project: { id: projectId } },
      },
    }),
  });
  const token = answer.headers.get('X-Subject-Token');
  if (answer.status !== 201 || !token) throw new Error(`IAM answered ${answer.status}`);
  return token;
}

import * as v from 'valibot';
import type { Clock } from '../clock.ts';
import { IamError, type SyncFailure } from '../errors.ts';
import { findTokenProblem, type Password, type Token } from '../secret.ts';
import { parseObject, readFailure, toFailure } from './failure.ts';
import type { HttpAnswer, HttpClient } from './http.ts';

export interface IamDeps {
  readonly http: HttpClient;
  readonly clock: Pick<Clock, 'now'>;
  /** Origin. */
  readonly iamEndpoint: string;
  readonly projectId: string;
}

const timeoutMs = 10_000;

/**
 * Asks IAM once for a token of the project, by password: `POST /v3/auth/tokens`.
 * @throws {IamError}
 */
export async function createToken(
  { clock, http, iamEndpoint, projectId }: IamDeps,
  { domainName, password, userName }: Password,
  signal: AbortSignal,
): Promise<Required<Token>> {
  const user = { name: userName, password, domain: { name: domainName } };
  const answer = await http
    .send({
      method: 'POST',
      url: `${iamEndpoint}/v3/auth/tokens?nocatalog=true`, // the catalog would only make the answer longer
      headers: { 'Content-Type': 'application/json;charset=utf8' },
      body: JSON.stringify({
        auth: {
          identity: { methods: ['password'], password: { user } },
          scope: { project: { id: projectId } },
        },
      }),
      timeoutMs,
      signal,
    })
    .catch((error: unknown) => {
      throw new IamError(toFailure(error));
    });
  if (answer.status === 201) return readToken(answer, projectId);
  // An answer may quote the password in any spelling: nothing of its text is kept.
  const { externalMessage: _, ...failure } = readFailure(answer, [password], clock.now());
  throw new IamError(failure);
}

const schema = v.object({
  token: v.object({
    expires_at: v.pipe(
      v.string(),
      v.transform(Date.parse),
      v.check((ms) => !Number.isNaN(ms)),
    ),
    project: v.optional(v.object({ id: v.string() })),
  }),
});

function readToken({ body, header }: HttpAnswer, projectId: string): Required<Token> {
  const token = header('X-Subject-Token') ?? '';
  const problem = findTokenProblem(token);
  if (problem) throw badAnswer(`X-Subject-Token ${problem}`);
  const parsed = v.safeParse(schema, parseObject(body));
  if (!parsed.success) throw badAnswer('the answer does not say when the token expires');
  const { expires_at: expiresAt, project } = parsed.output.token;
  if (project && project.id !== projectId) throw badAnswer('the token is for another project');
  return { token, expiresAt };
}

function badAnswer(externalMessage: string): IamError {
  const failure: SyncFailure = {
    errCode: 'BAD_RESPONSE',
    retryClass: 'permanent',
    httpStatus: 201,
    externalMessage,
  };
  return new IamError(failure);
}

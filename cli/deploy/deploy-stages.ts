import type { Stage } from '../../infra/stage.ts';
import { formatDuration, layOutTable } from '../format.ts';

/** Runs a command of the framework; resolves with its exit code. */
export type RunServerless = (args: readonly string[], env: Stage['env']) => Promise<number>;

export interface DeployOptions {
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly verbose: boolean;
}

export interface Result {
  readonly stage: Stage;
  readonly ok: boolean;
  readonly text: string;
  readonly durationMs?: number;
}

/** One after the other. After a stage that fails the others stay as they are: what broke it may break them. */
export async function deployStages(
  serverless: RunServerless,
  stages: readonly Stage[],
  options: DeployOptions,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const stage of stages) {
    const startedAt = performance.now();
    const goesOn = results.every(({ ok }) => ok);
    const result = goesOn
      ? await deployStage(serverless, stage, options)
      : { ok: false, text: 'left as it was' };
    const durationMs = performance.now() - startedAt;
    results.push({ ...result, stage, ...(goesOn && { durationMs }) });
  }
  return results;
}

async function deployStage(
  serverless: RunServerless,
  { env, name }: Stage,
  { dryRun, force, verbose }: DeployOptions,
): Promise<Pick<Result, 'ok' | 'text'>> {
  const run = (...args: string[]) => serverless([...args, '--stage', name], env);
  const flags = verbose ? ['--verbose'] : [];
  if (dryRun) {
    const code = await run('package', ...flags);
    return code === 0 ? done('can be deployed') : failed(`not packaged: exit code ${code}`);
  }
  const code = await run('deploy', ...(force ? ['--force'] : []), ...flags);
  if (code !== 0) return failed(`not deployed: exit code ${code}`);
  if (env.AUTH_MODE === 'aksk' || env.TOKEN_ROTATION === 'off') return done('deployed');
  // Without data it would wait for them on the standard input.
  const data = ['--data', '{}'];
  const rotated = await run('invoke', '--function', 'rotate-token', '--qualifier', 'live', ...data);
  return rotated === 0
    ? done('deployed, token replaced')
    : failed('deployed, but its token was not replaced: see the log of rotate-token');
}

function done(text: string): Pick<Result, 'ok' | 'text'> {
  return { ok: true, text };
}

function failed(text: string): Pick<Result, 'ok' | 'text'> {
  return { ok: false, text };
}

export function describeResults(results: readonly Result[]): string {
  const rows = results.map(({ durationMs, stage: { env, name }, text }) => [
    name,
    env.AWS_REGION ?? '',
    env.DDM_PROJECT_ID ?? '',
    durationMs === undefined ? '' : formatDuration(durationMs),
    text,
  ]);
  const head = ['stage', 'AWS region', 'project', 'took', 'result'];
  return `${layOutTable(head, rows).join('\n')}\n`;
}

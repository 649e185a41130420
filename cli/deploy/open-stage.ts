import { conflictsOf, problemsOf } from '../../infra/check-stage.ts';
import { type Env, readStage, resolveRegion, type Stage, stagePath } from '../../infra/stage.ts';

/** The stage with its region, wherever that is from. */
export async function openStage(name: string, environment: Env): Promise<Stage> {
  const stage = readStage(name, environment);
  const region = await resolveRegion(stage.env);
  return { ...stage, env: { ...stage.env, ...(region && { AWS_REGION: region }) } };
}

/** Every problem of the stages' settings, under a heading for each; nothing if they can be deployed. */
export function describeProblems(stages: readonly Stage[], environment: Env): string {
  return stages
    .map((stage) => ({
      stage,
      problems: [...problemsOf(stage), ...conflictsOf(stage, environment)],
    }))
    .filter(({ problems }) => problems.length > 0)
    .map(({ problems, stage }) =>
      [headingOf(stage), ...problems.map((problem) => `  ${problem}`), ''].join('\n'),
    )
    .join('\n');
}

function headingOf({ file, name }: Stage): string {
  const path = stagePath(name);
  const source = file ? path : `the environment, as there is no ${path}: npm run setup writes it`;
  return `Stage ${name} (${source})`;
}

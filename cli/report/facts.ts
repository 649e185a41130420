import { formatAge, formatCount, formatTime, plural } from '../format.ts';
import type { Summary } from './summary.ts';

/** What is known of the token, line by line. */
export function tokenFacts({ at, token }: Summary): readonly string[] {
  if (!token) return [];
  const { expiresAt, failure, hoursLeft = 0, madeAt } = token;
  return [
    ...(expiresAt
      ? [`Valid until ${formatTime(expiresAt)} (${hoursLeft.toFixed(1)} hours left)`]
      : []),
    ...(madeAt ? [`Made at ${formatTime(madeAt)}, ${formatAge(at, madeAt)} ago`] : []),
    ...(failure ? [`The rotation at ${formatTime(failure.at)} failed: ${failure.reason}`] : []),
  ];
}

/** Which deployments the report is about, and of which time, line by line. */
export function headingFacts({ fleets, input: { firstAt, lastAt } }: Summary): readonly string[] {
  const window = firstAt && lastAt ? `${formatTime(firstAt)} to ${formatTime(lastAt)}` : undefined;
  return [
    ...fleets.map(({ awsRegion, projectId, region, stage }) =>
      [
        `Stage ${stage ?? 'unknown'}${awsRegion ? ` in AWS ${awsRegion}` : ''}`,
        ...(region ? [`DDM in ${region}`] : []),
        ...(projectId ? [`project ${projectId}`] : []),
      ].join(', '),
    ),
    ...(window ? [window] : []),
  ];
}

/** DDM's page in the console, where all fleets are in the same one. */
export function consoleOf({ fleets }: Summary): string | undefined {
  const consoles = new Set(fleets.map(({ console }) => console));
  return consoles.size === 1 ? [...consoles][0] : undefined;
}

/** How the other list compares, line by line; the first line says whether everything in it was accepted. */
export function comparisonFacts({ comparison }: Summary, maxInstances: number): readonly string[] {
  if (!comparison) return [];
  const { accepted, extra, listed, missing, notAccepted } = comparison;
  return [
    `${formatCount(accepted)} of ${plural(listed, 'instance')} in the list: last sync accepted or confirmed`,
    ...(notAccepted.length > 0
      ? [`In the list, but not accepted here: ${nameSome(notAccepted, maxInstances)}`]
      : []),
    ...(missing.length > 0
      ? [`In the list, but in no line here: ${nameSome(missing, maxInstances)}`]
      : []),
    ...(extra.length > 0 ? [`Here, but not in the list: ${nameSome(extra, maxInstances)}`] : []),
  ];
}

function nameSome(ids: readonly string[], maxInstances: number): string {
  const more = ids.length - maxInstances;
  return `${ids.slice(0, maxInstances).join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`;
}

/** What was read and what was left out, line by line. `maxInstances` limits the ids that are named. */
export function inputFacts(
  { absent, dryRunOnly, input, notCalled }: Summary,
  maxInstances: number,
): readonly string[] {
  const { firstAt, lastAt, lines, notes, sources, unreadableLines } = input;
  const span = firstAt && lastAt ? `, ${formatTime(firstAt)} to ${formatTime(lastAt)}` : '';
  const reasons = Map.groupBy(notCalled, ({ reason }) => reason);
  return [
    `${plural(lines, 'line')} read from ${sources.join(', ')}${span}`,
    ...(unreadableLines > 0
      ? [`${plural(unreadableLines, 'line')} could not be read: cut off, or not of ddm-sync`]
      : []),
    ...(absent.length > 0
      ? [
          `Left out, because the last scheduled run no longer had them in its list: ${nameSome(absent, maxInstances)}`,
        ]
      : []),
    ...[...reasons].map(
      ([reason, instances]) =>
        `${plural(instances.length, 'instance')} not called in the last run: ${reason}`,
    ),
    ...(dryRunOnly > 0 ? [`${plural(dryRunOnly, 'instance')} seen in dry runs only`] : []),
    ...notes,
  ];
}

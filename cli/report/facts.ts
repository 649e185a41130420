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

/** What was read and what was left out, line by line. `maxInstances` limits the ids that are named. */
export function inputFacts(
  { absent, input, skippedOnly }: Summary,
  maxInstances: number,
): readonly string[] {
  const { firstAt, lastAt, lines, notes, sources, unreadableLines } = input;
  const span = firstAt && lastAt ? `, ${formatTime(firstAt)} to ${formatTime(lastAt)}` : '';
  const more = absent.length - maxInstances;
  return [
    `${plural(lines, 'line')} read from ${sources.join(', ')}${span}`,
    ...(unreadableLines > 0
      ? [`${plural(unreadableLines, 'line')} could not be read: cut off, or not of ddm-sync`]
      : []),
    ...(absent.length > 0
      ? [
          `Left out, because the last scheduled run no longer had them in its list: ${absent.slice(0, maxInstances).join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`,
        ]
      : []),
    ...(skippedOnly > 0 ? [`${plural(skippedOnly, 'instance')} seen in dry runs only`] : []),
    ...notes,
  ];
}

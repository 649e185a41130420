import { readFile } from 'node:fs/promises';
import { OptionError } from '../options.ts';
import { currentOutcome, type InstanceState } from './instance.ts';

/** What of another list, such as that of a script, was accepted here. */
export interface Comparison {
  /** Ids in the list. */
  readonly listed: number;
  /** Of them, those whose last sync was accepted or confirmed. */
  readonly accepted: number;
  /** In the list, but seen in no line. */
  readonly missing: readonly string[];
  /** In the list, but failed, waiting or of unknown end. */
  readonly notAccepted: readonly string[];
  /** Seen here, but not in the list. */
  readonly extra: readonly string[];
}

/** The instance ids in a file, whatever is between them. @throws {OptionError} */
export async function readIds(path: string): Promise<ReadonlySet<string>> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new OptionError(`Cannot read ${path}: ${error.message}`, { cause: error });
  });
  const ids = new Set(text.match(/\b[0-9a-f]{32}in\d\d\b/g));
  if (ids.size > 0) return ids;
  throw new OptionError(`${path} has no instance id: put ids there, such as one a line`);
}

export function compare(
  listed: ReadonlySet<string>,
  instances: readonly InstanceState[],
): Comparison {
  const statuses = new Map(instances.map((one) => [one.instanceId, currentOutcome(one)?.status]));
  const seen = [...listed].filter((id) => statuses.has(id));
  const notAccepted = seen.filter(
    (id) => statuses.get(id) !== 'accepted' && statuses.get(id) !== 'completed',
  );
  return {
    listed: listed.size,
    accepted: seen.length - notAccepted.length,
    missing: [...listed].filter((id) => !statuses.has(id)),
    notAccepted,
    extra: [...statuses.keys()].filter((id) => !listed.has(id)),
  };
}

/** Whether everything in the list was accepted. */
export function isComplete({ missing, notAccepted }: Comparison): boolean {
  return missing.length + notAccepted.length === 0;
}

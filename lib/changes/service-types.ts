import type { App } from '../app.ts';
import type { Deadline } from '../deadline.ts';
import { ReadError } from '../errors.ts';
import { openConnection } from '../huawei/connection.ts';
import { listOperations } from '../huawei/operations.ts';
import { cleanForeignText } from '../text.ts';
import { dataNodeServices, traceNames } from './trace-names.ts';

/**
 * What is wrong with WATCH_SERVICE_TYPES according to CTS, which answers an unknown type with an empty list of traces.
 * Empty if nothing is.
 * @throws {ParameterError} with unusable credentials
 */
export async function checkServiceTypes(app: App, deadline: Deadline): Promise<readonly string[]> {
  const { clock, config, ctsEndpoint, random } = app;
  if (ctsEndpoint === undefined) return [];
  using connection = await openConnection(app, deadline, 'calls');
  const deps = { ...connection, clock, config, ctsEndpoint, random };
  try {
    const known = await listOperations(deps, deadline.signal('calls'));
    return config.watchServiceTypes.flatMap((type) => problemOf(type, known));
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    return [
      `CTS does not tell which service types it knows (${error.message}). Look at a trace of a data node in the console, and compare its service type with WATCH_SERVICE_TYPES (${config.watchServiceTypes.join(',')})`,
    ];
  }
}

function problemOf(
  type: string,
  known: ReadonlyMap<string, ReadonlySet<string>>,
): readonly string[] {
  const names = known.get(type);
  if (names === undefined) {
    const types = [...known.keys()].filter((one) => dataNodeServices.test(one));
    const found = cleanForeignText(types.join(', '), []) || 'none';
    return [
      `CTS knows no service type "${type}", so watch will not see its changes. Types of data nodes that it knows: ${found}. Set WATCH_SERVICE_TYPES`,
    ];
  }
  if (Object.keys(traceNames).some((name) => names.has(name))) return [];
  return [
    `CTS knows the service type "${type}", but none of the operations that watch looks for (lib/changes/trace-names.ts)`,
  ];
}

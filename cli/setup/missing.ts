import { OptionError } from '../options.ts';
import type { Draft, Loopback } from './draft.ts';
import type { SetupOptions } from './options.ts';

/** Without a terminal nothing can be asked. @throws {OptionError} that names what is missing */
export function requireAll(
  { draft, instances, yes }: SetupOptions,
  loopback: Loopback | undefined,
): void {
  const given = {
    ...(!loopback && { '--cloud': draft.cloud, '--region': draft.region }),
    '--project': draft.projectId,
    '--auth': draft.authMode,
    ...signIn(draft),
    '--instances': instances,
    '--yes': yes || undefined,
  };
  const absent = Object.entries(given).filter(([, value]) => value === undefined);
  if (absent.length === 0) return;
  const names = absent.map(([name]) => name).join(', ');
  throw new OptionError(
    `There is no terminal to ask in: give ${names} as well; see npm run setup -- --help`,
  );
}

function signIn(draft: Draft): Readonly<Record<string, string | undefined>> {
  if (draft.authMode === 'token') {
    return {
      '--domain-name': draft.domainName,
      '--user-name': draft.userName,
      'DDM_SYNC_PASSWORD (environment)': draft.password,
    };
  }
  if (draft.authMode === undefined) return {};
  return {
    'DDM_SYNC_ACCESS_KEY_ID (environment)': draft.accessKeyId,
    'DDM_SYNC_SECRET_ACCESS_KEY (environment)': draft.secretAccessKey,
  };
}

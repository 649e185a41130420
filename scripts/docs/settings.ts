import * as v from 'valibot';
import { remedies, schema } from '../../lib/config.ts';

/** What each variable is for; form, default and bounds are those of lib/config.ts. */
const meanings: Readonly<Record<string, string>> = {
  DDM_ENDPOINT: 'where DDM is',
  DDM_PROJECT_ID: 'project of the tenant in the region',
  IAM_ENDPOINT: 'where rotate-token signs in; unless set DDM_ENDPOINT with `iam.` for `ddm.`',
  CTS_ENDPOINT:
    'the audit service, which watch asks what changed; unless set DDM_ENDPOINT with `cts.` for `ddm.`',
  PARAMETER_PREFIX: 'path of the parameters below',
  WATCH_SERVICE_TYPES: 'the services whose data nodes watch looks for, as CTS names them',
  DDM_API_VERSION:
    '`v1` calls rds/sync, `v3` its successor data-nodes/sync; `auto` turns to v3 for the rest of a run when v1 no longer exists',
  AUTH_MODE:
    '`token` sends the X-Auth-Token of the parameter store; `aksk` signs each request with an access key ([credentials.md](credentials.md))',
  ROTATION_PROOF:
    'rotate-token tries a fresh token with one call to DDM (the first page of the instance list) before it replaces the old one',
  PARAMETER_KMS_ARN:
    "rotate-token encrypts with it what it writes; without it the account's key `aws/ssm`",
  SYNC_QUEUE_URL:
    'the sync queue; without it everything runs inline, and what does not fit is `failed` with `DEADLINE`',
  FOLLOW_QUEUE_URL:
    'the follow queue; without it nobody looks what became of an accepted sync ([follow-up.md](follow-up.md))',
  SYNC_FOLLOW:
    'runs hand their accepted syncs to the follow queue; `off` costs no call, and what is in the queue is still followed to its end',
  SYNC_FOLLOW_MINUTES:
    'so long after it was accepted a sync is looked for; then its end is `unknown`',
  CHANGE_QUEUE_URL:
    'the change queue; without it changed, smn and watch have nowhere to put what changed, and fail',
  CHANGE_WINDOW_SECONDS:
    'changes of one instance within so long lead to one sync; the change queue holds them back for a second more',
  SYNC_CONCURRENCY: 'calls in flight',
  SYNC_RATE_PER_SECOND:
    'calls started in any second, at most; adapts downwards when the service throttles',
  SYNC_ATTEMPT_TIMEOUT_MS: 'total deadline of one attempt, connection and body included',
  SYNC_MAX_ATTEMPTS: 'calls per instance and run (a renewed token adds one)',
  SYNC_MAX_ERRORS:
    'with more failed instances than that the run stops; the rest is `failed` with `RUN_STOPPED`',
  SYNC_INLINE_MAX: 'instances synced inside a run when there is a queue; without one all are',
  SYNC_MAX_RECEIVES:
    'deliveries of a queue message before SQS moves it to the dead-letter queue; at the last one an instance is `failed` and no longer `queued`',
  DEADLINE_RESERVE_MS:
    "time before Lambda's deadline in which no call starts: to hand over and to report",
  DDM_DISCOVERY: 'where the list of instances comes from',
  SMN_TOPIC_URNS: 'topics whose messages `POST /notifications/smn` takes ([smn.md](smn.md))',
  SMN_CERTIFICATE_SHA256: 'signing certificates of SMN that are trusted',
  SMN_CONFIRM: 'confirms the subscription of an allowed topic by itself',
} satisfies Record<keyof typeof schema.entries, string>;

/** The variables that the functions read, as rows of a table; the required ones first. */
export function settingsTable(): string {
  return [
    '| variable | default | values | meaning |',
    '| --- | --- | --- | --- |',
    ...settings.toSorted((a, b) => Number(b.isRequired) - Number(a.isRequired)).map(toRow),
  ].join('\n');
}

const settings = Object.entries(schema.entries).map(([name, entry]) => ({
  name,
  isRequired: entry.type !== 'optional',
  fallback: v.getDefault(entry),
  values: (remedies[name] ?? '').replace(/^set /, ''),
  meaning: meanings[name] ?? '',
}));

function toRow({ fallback, isRequired, meaning, name, values }: (typeof settings)[number]) {
  const unset = fallback ? `\`${fallback}\`` : 'none';
  const cells = [`\`${name}\``, isRequired ? 'required' : unset, asCode(values), meaning];
  return `| ${cells.join(' | ')} |`;
}

// Outside code Markdown takes <region> for an element.
function asCode(text: string): string {
  return text.replace(/(https:\/\/|arn:|urn:)[^,\s<]*(<[^>]*>[^,\s<]*)+/g, '`$&`');
}

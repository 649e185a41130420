import type { FunctionCall } from './functions.ts';
import type { Stack } from './stack.ts';

/** What a role allows and no function asks for, each with the reason why it is allowed. */
const exceptions: readonly (readonly [permission: RegExp, reason: string])[] = [
  [
    /: logs:(CreateLogStream|CreateLogGroup|PutLogEvents|TagResource)/,
    'Lambda writes what the function prints',
  ],
  [
    /^http: logs:(StartQuery|GetQueryResults)/,
    'moto fails at the result of a query: test/functions/runs.test.ts',
  ],
  [/^(worker|follow): sqs:GetQueueAttributes /, "Lambda's poller reads how long the queue is"],
  [/^(scheduled|changed): sqs:SendMessage .*-dead-letter$/, 'Lambda keeps a failed event'],
  [/^watch: ssm:PutParameter .*\/cursor\/\d+$/, 'a cursor with many marks has several parts'],
  [/^worker: s3:ListBucket /, 'without it S3 answers 403 for an object that is not there'],
];

type Permission = `${string}: ${string} ${string}`;

/** The calls that the role of their function does not allow. */
export function notAllowed(stack: Stack, calls: readonly FunctionCall[]): readonly Permission[] {
  const allowed = new Set(permissionsOf(stack));
  return calls.map(toPermission).filter((permission) => !allowed.has(permission));
}

/** What a role allows and nothing has used. */
export function notUsed(stack: Stack, calls: readonly FunctionCall[]): readonly Permission[] {
  const used = new Set(calls.map(toPermission));
  const isExpected = (permission: Permission): boolean =>
    exceptions.some(([pattern]) => pattern.test(permission));
  return permissionsOf(stack).filter(
    (permission) => !used.has(permission) && !isExpected(permission),
  );
}

function permissionsOf({ functions }: Stack): readonly Permission[] {
  return functions.flatMap(({ Key, Statements }) =>
    Statements.flatMap(({ Action, Resource }) =>
      [Action]
        .flat()
        .flatMap((action) =>
          [Resource].flat().map((resource) => toPermission({ caller: Key, action, resource })),
        ),
    ),
  );
}

function toPermission({ action, caller, resource }: FunctionCall): Permission {
  return `${caller}: ${action} ${resource}`;
}

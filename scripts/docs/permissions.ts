import { createRequire } from 'node:module';

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

interface Roles {
  readonly Resources: Readonly<
    Record<
      string,
      {
        readonly Properties: {
          readonly Policies: readonly {
            readonly PolicyName: string;
            readonly PolicyDocument: { readonly Statement: readonly Statement[] };
          }[];
        };
      }
    >
  >;
}

/** What each role of infra/roles.cjs may do with the default settings, as rows of a table. */
export function permissionsTable(): string {
  // roles.cjs reads these when it is loaded: the table must not depend on this machine's settings.
  for (const name of ['AUTH_MODE', 'PARAMETER_KMS_ARN', 'TRACING']) delete process.env[name];
  const roles: Roles = createRequire(import.meta.url)('../../infra/roles.cjs');
  const rows = Object.entries(roles.Resources).flatMap(([role, { Properties }]) =>
    Properties.Policies.flatMap(({ PolicyDocument, PolicyName }) =>
      PolicyDocument.Statement.map((statement) => toRow(role, PolicyName, statement)),
    ),
  );
  return ['| role | of | actions | on |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function toRow(role: string, name: string, { Action, Resource }: Statement): string {
  const actions = [Action].flat().map((action) => `\`${action}\``);
  const resources = [Resource].flat().map(nameOf);
  return `| \`${role}\` | ${name} | ${actions.join(', ')} | ${joinRanges(resources).join(', ')} |`;
}

function nameOf(resource: unknown): string {
  const text = JSON.stringify(resource);
  const parameter = /custom\.parameterArn\}\/([\w/-]+)"/.exec(text)?.[1];
  const isLogGroup = text.includes('custom.logGroupArn');
  const attribute = /"Fn::GetAtt":\["(\w+)","Arn"\]/.exec(text)?.[1];
  const object = /\$\{(\w+)\.Arn\}\/([\w.-]+)"/.exec(text);
  if (object) return `\`${object[2]}\` in \`${object[1]}\``;
  if (parameter) return `\`…/${parameter}\``;
  if (isLogGroup) return 'the streams of its log group';
  if (attribute && text.includes('"live"')) return `alias \`live\` of \`${attribute}\``;
  return attribute ? `\`${attribute}\`` : `\`${text}\``;
}

/** `token/11`, `token/12`, `token/13` become one entry. */
function joinRanges(names: readonly string[]): readonly string[] {
  const numbers = (name: string): number => Number(/\/(\d+)`$/.exec(name)?.[1]);
  const joined: string[] = [];
  for (const [index, name] of names.entries()) {
    const follows = numbers(name) === numbers(names[index - 1] ?? '') + 1;
    const goesOn = numbers(names[index + 1] ?? '') === numbers(name) + 1;
    if (!follows) joined.push(name);
    else if (!goesOn) joined.push(`${joined.pop()} to \`${numbers(name)}\``);
  }
  return joined;
}

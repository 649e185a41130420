// Writes a template and its code that need neither this repository nor npm: docs/deployment.md#without-npm.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.ts';

interface Parameter {
  readonly Type: 'String';
  readonly Description: string;
  readonly AllowedPattern: string;
  readonly Default?: string;
}

/** A parameter of the template, and the value in whose place it is put. */
const parameters: Readonly<Record<string, Parameter & { readonly placeholder?: string }>> = {
  Stage: {
    Type: 'String',
    Description:
      'Name of the stage: the stack is ddm-sync-<stage>, its parameters are below /ddm-sync/<stage>',
    AllowedPattern: '[A-Za-z0-9-]{1,32}',
    Default: 'prod',
    placeholder: 'zzstagezz',
  },
  DdmEndpoint: {
    Type: 'String',
    Description: 'https://ddm.<region>.<domain>',
    AllowedPattern:
      'https://ddm\\.[a-z0-9-]+\\.(myhuaweicloud\\.(com|eu)|(sc\\.)?otc\\.t-systems\\.com)',
    placeholder: 'https://ddm.zz-release-1.myhuaweicloud.com',
  },
  DdmProjectId: {
    Type: 'String',
    Description: 'Project id of the region (console: My Credentials)',
    AllowedPattern: '[A-Za-z0-9_-]{1,64}',
    placeholder: '0123456789abcdef0123456789abcdef',
  },
  AlarmTopicArn: {
    Type: 'String',
    Description: 'ARN of the SNS topic that the alarms notify',
    AllowedPattern: 'arn:aws(-[a-z]+)*:sns:[a-z0-9-]+:\\d{12}:.+',
    placeholder: 'arn:aws:sns:eu-central-1:000000000000:zzalarmzz',
  },
  CodeBucket: {
    Type: 'String',
    Description: 'S3 bucket in the region of the stack with the code',
    AllowedPattern: '[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]',
  },
  CodeKey: {
    Type: 'String',
    Description: 'Where the zip is in that bucket: every version of ddm-sync needs another key',
    AllowedPattern: '.{1,1024}',
  },
};

const substitutions = [
  ...Object.entries(parameters).flatMap(([name, { placeholder }]) =>
    placeholder === undefined ? [] : [[placeholder, `\${${name}}`] as const],
  ),
  ['ddm.zz-release-1.myhuaweicloud.com', `\${DdmEndpoint}`] as const,
  ['eu-central-1', `\${AWS::Region}`] as const,
];

/** Puts parameters where the packaged template has their placeholders. */
export function parametrise(template: string, codeKey: string): object {
  // The framework makes the logical id of one resource from the name of the stage.
  const { Outputs, Resources, ...rest } = JSON.parse(
    template.replaceAll('Ddmsynczzstagezz', 'Ddmsync'),
  );
  const { ServerlessDeploymentBucket, ServerlessDeploymentBucketPolicy, ...own } = Resources;
  const { ServerlessDeploymentBucketName, ...shown } = Outputs;
  for (const { Properties, Type } of Object.values<{ Properties: { Code: object }; Type: string }>(
    own,
  )) {
    if (Type !== 'AWS::Lambda::Function') continue;
    Properties.Code = { S3Bucket: { Ref: 'CodeBucket' }, S3Key: { Ref: 'CodeKey' } };
  }
  const all = Object.entries(parameters).map(([name, { placeholder: _, ...parameter }]) => [
    name,
    name === 'CodeKey' ? { ...parameter, Default: codeKey } : parameter,
  ]);
  return {
    ...rest,
    Description: 'ddm-sync: keeps Huawei Cloud DDM instances in sync with their data nodes',
    Parameters: Object.fromEntries(all),
    Resources: substitute(own),
    Outputs: substitute(shown),
  };
}

function substitute(value: unknown, isSubstituted = false): unknown {
  if (typeof value === 'string') return substituteText(value, isSubstituted);
  if (Array.isArray(value)) return value.map((one) => substitute(one));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, one]) => [key, substitute(one, key === 'Fn::Sub')]));
}

function substituteText(text: string, isSubstituted: boolean): unknown {
  const literal = isSubstituted ? text : text.replaceAll('${', '${!');
  const changed = substitutions.reduce((all, [from, to]) => all.replaceAll(from, to), literal);
  if (changed === literal) return text;
  return isSubstituted ? changed : { 'Fn::Sub': changed };
}

async function release(): Promise<void> {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const out = join(root, 'dist/release');
  const packaged = join(out, 'packaged');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  await build();
  const { DdmEndpoint, DdmProjectId, AlarmTopicArn, Stage } = parameters;
  const serverless = join(root, 'node_modules/serverless/bin/serverless.js');
  const args = ['package', '--stage', Stage?.placeholder ?? '', '--package', packaged];
  execFileSync(process.execPath, [serverless, ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    // Nothing else: a setting of this machine would be in the template.
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, SLS_TELEMETRY_DISABLED: '1' },
      ...{ AWS_REGION: 'eu-central-1', DDM_ENDPOINT: DdmEndpoint?.placeholder },
      ...{ DDM_PROJECT_ID: DdmProjectId?.placeholder, ALARM_TOPIC_ARN: AlarmTopicArn?.placeholder },
    },
  });
  const name = `ddm-sync-${version}`;
  const template = readFileSync(
    join(packaged, 'cloudformation-template-update-stack.json'),
    'utf8',
  );
  const path = join(out, `${name}.template.json`);
  writeFileSync(path, `${JSON.stringify(parametrise(template, `${name}.zip`), null, 1)}\n`);
  copyFileSync(join(packaged, 'ddm-sync.zip'), join(out, `${name}.zip`));
  rmSync(packaged, { recursive: true });
  process.stdout.write(`dist/release/${name}.template.json\ndist/release/${name}.zip\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await release();

import * as v from 'valibot';
import type { Form } from './config-setting.ts';
import { cloudDomains, isEndpoint, isQueueUrl } from './hosts.ts';

/** A number from `min` to `max`, without a sign or an exponent. */
export function number(
  min: number,
  max: number,
  { pattern = /^\d{1,9}$/, what = 'a whole number' } = {},
): Form<number> {
  return {
    values: `${what} from ${min} to ${max}`,
    schema: v.pipe(
      v.string(),
      v.regex(pattern),
      v.transform(Number),
      v.minValue(min),
      v.maxValue(max),
    ),
  };
}

export function oneOf<const T extends string>(choices: readonly T[], values: string): Form<T> {
  return { values, schema: v.picklist(choices) };
}

export function onOff(values = 'on or off'): Form<boolean> {
  return {
    values,
    schema: v.pipe(
      v.picklist(['on', 'off']),
      v.transform((value) => value === 'on'),
    ),
  };
}

/** The origin of a service (`ddm`, `iam`), without a slash at its end. */
export function endpoint(service: string): Form<string> {
  return {
    values: `the regional API endpoint, https://${service}.<region>.<domain>, with one of the domains ${cloudDomains.join(', ')} or of CLOUD_DOMAINS (http is for loopback only)`,
    schema: v.pipe(
      v.string(),
      v.transform((value) => new URL(value).origin),
    ),
    accepts: (text, furtherDomains) => isEndpoint(service, text, furtherDomains),
  };
}

export function queueUrl(kind: 'standard' | 'fifo'): Form<string> {
  const [queue, ending] = kind === 'fifo' ? ['a FIFO queue', '.fifo'] : ['an SQS queue', ''];
  return {
    values: `the URL of ${queue}, https://sqs.<region>.amazonaws.com/<account id>/<name>${ending}`,
    schema: v.pipe(
      v.string(),
      v.check((value) => isQueueUrl(kind, value)),
    ),
  };
}

export const projectId = text(
  /^[0-9A-Za-z_-]{1,64}$/,
  'the project id of the region (console: My Credentials): letters, digits, _ and -',
);

export const parameterPath = text(
  /^(?!\/(aws|ssm))(?=.{1,900}$)(\/[\w.-]+){1,13}$/i,
  'the path of the parameters, such as /ddm-sync/prod: it starts with a slash, does not end with one, and does not begin with /aws or /ssm',
);

export const kmsKeyArn = text(
  /^arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]{1,250}$/,
  'the ARN of a KMS key, arn:aws:kms:<region>:<account id>:key/<key id>',
);

export const bucketName = text(
  /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
  'the name of an S3 bucket: lower-case letters, digits and -',
);

export const logGroupPrefix = text(
  /^[\w./#-]{1,480}$/,
  'the name of a log group without -<function>, such as /aws/lambda/ddm-sync-prod',
);

/** A text that a pattern matches. */
export function text(pattern: RegExp, values: string): Form<string> {
  return { values, schema: v.pipe(v.string(), v.regex(pattern)) };
}

export const domains = list(
  /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/,
  'domains without the region, such as prod-cloud-ocb.orange-business.com',
);

export const topicUrns = list(
  /^urn:smn:[a-z]{2}-[a-z0-9-]{1,30}:[0-9a-z]{1,64}:[\w-]{1,255}$/,
  'topic URNs, urn:smn:<region>:<project id>:<name>',
);

export const fingerprints = list(
  /^[0-9a-f]{64}$/,
  'SHA-256 fingerprints, 64 hexadecimal digits each',
  (fingerprint) => fingerprint.replaceAll(':', ''),
);

/** Entries separated by commas, in lower case; empty ones are left out. */
function list(
  entry: RegExp,
  values: string,
  clean = (text: string) => text,
): Form<readonly string[]> {
  return {
    values: `${values}, separated by commas`,
    schema: v.pipe(
      v.string(),
      v.transform((value) =>
        value
          .split(',')
          .map((part) => clean(part.trim().toLowerCase()))
          .filter((part) => part !== ''),
      ),
      v.array(v.pipe(v.string(), v.regex(entry))),
    ),
  };
}

export const serviceTypes: Form<readonly string[]> = {
  values: 'CTS service types, separated by commas, such as RDS,GaussDB(for MySQL)',
  schema: v.pipe(
    v.string(),
    v.transform((value) => value.split(',').map((part) => part.trim())),
    v.array(v.pipe(v.string(), v.maxLength(64), v.regex(/^[\w.-]+( ?\([\w .-]+\))?$/))),
    v.maxLength(8),
  ),
};

/** A number of instances, or a share (0 to 1) of a run; undefined: no limit. */
type MaxErrors = { readonly count: number } | { readonly share: number } | undefined;

export const maxErrors: Form<MaxErrors> = {
  values: 'a number of instances such as 25, a share of the run such as 10%, or off',
  schema: v.pipe(
    v.string(),
    v.regex(/^(off|\d{1,6}|(100|\d{1,2}(\.\d{1,3})?)%)$/),
    v.transform((value) => {
      if (value === 'off') return undefined;
      return value.endsWith('%')
        ? { share: Number.parseFloat(value) / 100 }
        : { count: Number(value) };
    }),
  ),
};

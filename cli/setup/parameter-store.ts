import type { SSMClientConfig } from '@aws-sdk/client-ssm';
import type { Stage } from '../../infra/stage.ts';
import {
  createParameterStore,
  createSsmClient,
  type ParameterStore,
} from '../../lib/aws/parameter-store.ts';
import type { ParameterError } from '../../lib/errors.ts';
import { OptionError } from '../options.ts';
import { checkKmsArn } from './checks.ts';
import { SetupError } from './session.ts';

export interface OpenStore {
  readonly store: ParameterStore;
  readonly region: string;
}

const maxAttempts = 3; // a person waits

/**
 * The parameter store of the stage, in its region and with its AWS credentials. Region and credentials are known to be there.
 * @throws {SetupError} when they are not
 * @throws {OptionError} for a malformed PARAMETER_KMS_ARN
 */
export async function openParameterStore(
  { env }: Stage,
  config: SSMClientConfig,
): Promise<OpenStore> {
  const { AWS_PROFILE: profile, AWS_REGION: ownRegion, PARAMETER_KMS_ARN: kmsArn } = env;
  const verdict = kmsArn ? checkKmsArn(kmsArn) : true;
  if (verdict !== true) throw new OptionError(verdict);
  const ssm = createSsmClient({
    maxAttempts,
    ...(ownRegion && { region: ownRegion }),
    ...(profile && { profile }),
    ...config,
  });
  const region = await ssm.config.region().catch(() => {
    throw new SetupError(
      'No AWS region: set AWS_REGION to the region that you will deploy to, or `region` in your AWS profile',
    );
  });
  await ssm.config.credentials().catch(() => {
    throw new SetupError(
      'No AWS credentials: set AWS_PROFILE (after `aws sso login` where it needs that), or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    );
  });
  const { signal } = new AbortController(); // a person can press Ctrl-C
  return { store: createParameterStore(ssm, signal, kmsArn || undefined), region };
}

/** A failed call to Parameter Store, for a person: lib/ speaks of the function and its role. */
export function explainStore({ message }: ParameterError, region: string): string {
  const [, what, reason = ''] = /^(.+ failed): (\w+);/.exec(message) ?? [];
  if (what === undefined) return message;
  if (/AccessDenied/.test(reason)) {
    return `${what}: ${reason}. Allow your AWS user or role ssm:GetParameters, ssm:GetParametersByPath, ssm:PutParameter and ssm:DeleteParameters there, and kms:Encrypt and kms:Decrypt on its key (docs/setup.md)`;
  }
  if (/UnrecognizedClient|InvalidClientTokenId|InvalidSignature|ExpiredToken/.test(reason)) {
    return `${what}: ${reason}. AWS refuses your credentials: check them, or sign in again (aws sso login)`;
  }
  return `${what}: ${reason}. Check that ${region} is your AWS region and that its Parameter Store is reachable from here, then run npm run setup again`;
}

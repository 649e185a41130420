// The KMS key of the parameters: PARAMETER_KMS_ARN.

const { safeParse } = require('valibot');
const { kmsKeyArn } = require('../lib/config-forms.ts');

/** The ARN, or undefined for the account's key aws/ssm. An AWS CLI that finds nothing prints "None". */
function readKeyArn({ PARAMETER_KMS_ARN: arn }) {
  if (!arn || safeParse(kmsKeyArn.schema, arn).success) return arn || undefined;
  throw new Error(
    `PARAMETER_KMS_ARN is "${arn}": set ${kmsKeyArn.values}, or nothing for the key aws/ssm (docs/credentials.md)`,
  );
}

module.exports = { readKeyArn };

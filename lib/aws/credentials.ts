import * as v from 'valibot';
import { ParameterError } from '../errors.ts';
import type { AccessKeys, Password } from '../secret.ts';
import { parseJson } from '../text.ts';
import type { Part } from './parts.ts';

const text = v.pipe(v.string(), v.trim(), v.minLength(1));
// The HTTP client would drop characters that a header cannot carry, and send the rest.
const headerText = v.pipe(text, v.regex(/^[\x21-\x7e]+$/));

const accessKeysSchema = v.object({
  accessKeyId: v.pipe(headerText, v.maxLength(128)),
  secretAccessKey: v.pipe(headerText, v.maxLength(256)),
  securityToken: v.optional(headerText),
});

const passwordSchema = v.object({
  domainName: text,
  userName: text,
  password: v.pipe(v.string(), v.minLength(1)),
});

/** @throws {ParameterError} that never contains the value */
export function parseAccessKeys(name: string, part: Part | undefined): AccessKeys {
  return parse(name, part, accessKeysSchema, '{"accessKeyId":"…","secretAccessKey":"…"}');
}

/** @throws {ParameterError} that never contains the value */
export function parsePassword(name: string, part: Part | undefined): Password {
  return parse(name, part, passwordSchema, '{"domainName":"…","userName":"…","password":"…"}');
}

function parse<Schema extends v.GenericSchema>(
  name: string,
  part: Part | undefined,
  schema: Schema,
  example: string,
): v.InferOutput<Schema> {
  const remedy = `npm run setup writes it, or put ${example} into a file and: aws ssm put-parameter --name ${name} --type SecureString --overwrite --value file://<file>`;
  if (part === undefined) {
    throw new ParameterError(
      'PARAMETER_MISSING',
      name,
      `Parameter ${name} does not exist; ${remedy}`,
    );
  }
  const parsed = v.safeParse(schema, parseJson(part.value));
  if (parsed.success) return parsed.output;
  const fields = new Set(
    parsed.issues.map(({ path }) => String(path?.[0]?.key ?? 'the whole value')),
  );
  const problem = `is not usable (${[...fields].join(', ')} missing, empty or malformed)`;
  throw new ParameterError('PARAMETER_INVALID', name, `Parameter ${name} ${problem}; ${remedy}`);
}

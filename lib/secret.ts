/** An X-Auth-Token of IAM. */
export interface Token {
  readonly token: string;
  /** Ms since the epoch; absent if it is not recorded. */
  readonly expiresAt?: number;
}

/** An access key of an IAM user, or a temporary one. */
export interface AccessKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** With temporary keys only. */
  readonly securityToken?: string | undefined;
}

/** What authorises the calls of a run: AUTH_MODE decides which. */
export type Secret = Token | AccessKeys;

/** What rotate-token signs in with. */
export interface Password {
  /** The account's name. */
  readonly domainName: string;
  readonly userName: string;
  readonly password: string;
}

const minTokenCharacters = 16;
const maxTokenCharacters = 32_768; // the gateway refuses a longer header with 494

/** Why a value cannot be an X-Auth-Token; undefined when it can. */
export function findTokenProblem(token: string): string | undefined {
  if (token === '') return 'is empty';
  if (/\s/.test(token)) return 'contains white space or a line break';
  // axios would drop characters that a header cannot carry, and send the rest: refuse them here.
  if (!/^[\x21-\x7e]+$/.test(token)) return 'has characters that a token cannot have';
  if (token.length < minTokenCharacters) return 'is too short to be a token';
  if (token.length > maxTokenCharacters) {
    return `is longer than the ${maxTokenCharacters} characters that the API gateway takes`;
  }
  return undefined;
}

/** An X-Auth-Token of IAM. */
export interface Token {
  readonly token: string;
  /** Ms since the epoch; absent where nobody recorded it. */
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
  if (/\s/.test(token)) return 'has white space or a line break inside';
  // axios drops what does not fit a header and sends the rest: refuse it here.
  if (!/^[\x21-\x7e]+$/.test(token)) return 'has characters that no token has';
  if (token.length < minTokenCharacters) return 'is too short to be a token';
  if (token.length > maxTokenCharacters) {
    return `is longer than the ${maxTokenCharacters} characters that the API gateway takes`;
  }
  return undefined;
}

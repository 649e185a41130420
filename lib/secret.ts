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

import { generate } from 'selfsigned';

export interface TestCertificate {
  readonly key: string;
  readonly cert: string;
}

export interface CertificateOptions {
  readonly host?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Of an RSA key. @default 2048 */
  readonly keySize?: number;
  readonly keyType?: 'rsa' | 'ec';
}

const dayMs = 86_400_000;

/** A self-signed certificate made for the test; trust it by passing `cert` as the authority. */
export async function createCertificate({
  host = 'localhost',
  notBefore = new Date(Date.now() - dayMs),
  notAfter = new Date(Date.now() + dayMs),
  keySize = 2048,
  keyType = 'rsa',
}: CertificateOptions = {}): Promise<TestCertificate> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: host }], {
    algorithm: 'sha256',
    keySize,
    keyType,
    notBeforeDate: notBefore,
    notAfterDate: notAfter,
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: host }] }],
  });
  return { key, cert };
}

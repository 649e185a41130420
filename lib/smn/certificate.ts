import { type KeyObject, X509Certificate } from 'node:crypto';
import { createExpiringMap } from '../cache.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { RequestError } from '../errors.ts';
import { type HttpClient, HttpError } from '../huawei/http.ts';
import { refuse, unavailable } from './message.ts';

/** A certificate that SMN signs with, after it was checked. */
export interface SigningCertificate {
  readonly key: KeyObject;
  /** Fingerprint, hex: what SMN_CERTIFICATE_SHA256 may pin. */
  readonly sha256: string;
  /** ms since the epoch. */
  readonly notAfter: number;
}

export interface Certificates {
  /**
   * From a URL that is allowed.
   * @throws {RequestError} 403 if it cannot be trusted, 503 if it cannot be fetched
   */
  get(url: string, signal: AbortSignal): Promise<SigningCertificate>;
}

export interface CertificatesDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly config: Pick<Config, 'smnCertificateSha256'>;
  connect(): HttpClient;
}

const maxKept = 4;
const maxAgeMs = 24 * 3_600_000;
const failureAgeMs = 15_000; // SMN sends again within minutes: by then, a repaired network must be noticed
const maxBytes = 16 * 1_024;
const timeoutMs = 1_000;
const minRsaBits = 2_048;

/** Caches certificates by URL. Failures have their own cache, so that no invented URL can evict one. */
export function createCertificates(deps: CertificatesDeps): Certificates {
  const { clock } = deps;
  const kept = createExpiringMap<SigningCertificate>(maxKept, clock);
  const failures = createExpiringMap<RequestError>(maxKept, clock);
  const reading = new Map<string, Promise<SigningCertificate>>();

  const read = async (url: string, signal: AbortSignal): Promise<SigningCertificate> => {
    try {
      const certificate = check(await download(deps, url, signal), deps);
      kept.set(url, certificate, Math.min(clock.now() + maxAgeMs, certificate.notAfter));
      return certificate;
    } catch (error) {
      if (error instanceof RequestError) failures.set(url, error, clock.now() + failureAgeMs);
      throw error;
    } finally {
      reading.delete(url);
    }
  };

  return {
    get: async (url, signal) => {
      const found = kept.get(url);
      if (found) return found;
      const failure = failures.get(url);
      if (failure) throw failure;
      const under = reading.get(url) ?? read(url, signal);
      reading.set(url, under);
      return under;
    },
  };
}

async function download(
  { connect }: CertificatesDeps,
  url: string,
  signal: AbortSignal,
): Promise<string> {
  const http = connect();
  try {
    const { body, status } = await http.send({
      method: 'GET',
      url,
      headers: {},
      timeoutMs,
      signal,
      maxAnswerBytes: maxBytes,
    });
    if (status === 200) return body;
    const isPassing = status >= 500 || status === 429 || status === 408;
    throw (isPassing ? unavailable : refuse)(`the signing certificate's server answered ${status}`);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    const isTooLarge = error.code === 'BAD_RESPONSE' && !error.retryable;
    const reason = `the signing certificate could not be read: ${error.code}, ${error.message}`;
    throw (isTooLarge ? refuse : unavailable)(reason);
  } finally {
    http.close();
  }
}

function check(pem: string, { clock, config }: CertificatesDeps): SigningCertificate {
  const { certificate, key } = parse(pem);
  const notAfter = certificate.validToDate.getTime();
  const now = clock.now();
  if (now < certificate.validFromDate.getTime() || now >= notAfter) {
    throw refuse('the signing certificate is expired or not yet valid');
  }
  const bits = key.asymmetricKeyType === 'rsa' ? (key.asymmetricKeyDetails?.modulusLength ?? 0) : 0;
  if (bits < minRsaBits)
    throw refuse('the signing certificate does not have an RSA key of at least 2048 bits');
  const sha256 = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  const pinned = config.smnCertificateSha256;
  if (pinned.length > 0 && !pinned.includes(sha256)) {
    throw refuse(`the signing certificate is not a pinned one: SHA-256 ${sha256}`);
  }
  return { key, sha256, notAfter };
}

function parse(pem: string): { readonly certificate: X509Certificate; readonly key: KeyObject } {
  try {
    const certificate = new X509Certificate(pem);
    return { certificate, key: certificate.publicKey };
  } catch {
    throw refuse('the signing certificate URL did not return a certificate');
  }
}

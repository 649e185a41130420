import http from 'node:http';
import https from 'node:https';
import axios, { type AxiosInstance } from 'axios';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Of this one request, in ms: connection, headers and body together. */
  readonly timeoutMs: number;
  /** Of everything that the invocation still waits for. */
  readonly signal: AbortSignal;
  /** A longer answer is refused. @default 64 KiB */
  readonly maxAnswerBytes?: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** As received, at most `maxAnswerBytes`; not parsed. */
  readonly body: string;
  /** A header by its name; case does not matter. */
  header(name: string): string | undefined;
}

export type HttpErrorCode = 'TIMEOUT' | 'NETWORK' | 'TLS' | 'BAD_RESPONSE';

/** No usable answer arrived. It contains nothing of the request, and its cause is never the AxiosError. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly code: HttpErrorCode;
  readonly retryable: boolean;
  /** Status of an answer that broke off. */
  readonly status: number | undefined;

  constructor(code: HttpErrorCode, message: string, retryable: boolean, status?: number) {
    super(message);
    this.code = code;
    this.retryable = retryable;
    this.status = status;
  }
}

export interface HttpClient {
  /** Sends once; any status is an answer. @throws {HttpError} */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Closes every connection. */
  close(): void;
}

export interface HttpClientOptions {
  readonly maxConnections: number;
  /** Certificate authorities to trust instead of Node's own. */
  readonly ca?: string;
}

const defaultAnswerBytes = 64 * 1_024;
// Node's limit of 16 KiB is too small for IAM's longest tokens, which arrive in a header.
const maxHeaderSize = 64 * 1_024;

/**
 * An HTTP client for one invocation: its connections are reused within it, but not across the pause in
 * which Lambda freezes the process and the peer closes them.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const agentOptions = { keepAlive: true, maxSockets: options.maxConnections };
  const tlsOptions = { minVersion: 'TLSv1.2', ...(options.ca && { ca: options.ca }) } as const;
  const httpAgent = new http.Agent(agentOptions);
  const httpsAgent = new https.Agent({ ...agentOptions, ...tlsOptions });
  const client = axios.create({
    adapter: 'http',
    transport, // with its own transport, axios does not follow redirects either
    httpAgent,
    httpsAgent,
    maxRedirects: 0, // a redirect would carry X-Auth-Token to any host (CVE-2026-40895)
    proxy: false, // HTTP(S)_PROXY would see the token
    decompress: false, // with Accept-Encoding: identity, so that a small answer cannot expand
    responseType: 'text',
    transformRequest: [(data: unknown) => data],
    transformResponse: [(data: unknown) => data],
    validateStatus: () => true,
  });

  return {
    send: (request) => sendWithFreshSocketRetry(client, request),
    close: () => {
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}

const transport = {
  request: (options: https.RequestOptions, onAnswer: (answer: http.IncomingMessage) => void) =>
    (options.protocol === 'https:' ? https : http).request(
      Object.assign(options, { maxHeaderSize }),
      onAnswer,
    ),
};

async function sendWithFreshSocketRetry(
  client: AxiosInstance,
  request: HttpRequest,
): Promise<HttpAnswer> {
  const over = new AbortController();
  const abort = (): void => over.abort();
  const timer = setTimeout(abort, request.timeoutMs);
  request.signal.addEventListener('abort', abort, { once: true });
  if (request.signal.aborted) abort();
  try {
    return await sendOnce(client, request, over.signal).catch((error: unknown) => {
      // The peer had closed the idle connection and cannot have read the request: another attempt is safe.
      if (isStaleSocket(error)) return sendOnce(client, request, over.signal);
      throw error;
    });
  } catch (error) {
    throw toHttpError(error);
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener('abort', abort);
  }
}

async function sendOnce(
  client: AxiosInstance,
  { method, url, headers, body, maxAnswerBytes = defaultAnswerBytes }: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const response = await client.request<unknown>({
    method,
    url,
    headers: { 'Accept-Encoding': 'identity', ...headers },
    data: body,
    maxContentLength: maxAnswerBytes,
    signal,
  });
  const { headers: answered, data, status } = response;
  return {
    status,
    body: typeof data === 'string' ? data : '',
    header: (name) => {
      const value: unknown = answered[name.toLowerCase()];
      return typeof value === 'string' ? value : undefined;
    },
  };
}

function isStaleSocket(error: unknown): boolean {
  return (
    axios.isAxiosError<unknown>(error) &&
    error.response === undefined &&
    (error.code === 'ECONNRESET' || error.code === 'EPIPE') &&
    error.request?.reusedSocket === true
  );
}

const tlsErrorCode =
  /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;

function toHttpError(error: unknown): HttpError {
  if (axios.isCancel(error)) return new HttpError('TIMEOUT', 'no complete answer in time', true);
  if (!axios.isAxiosError<unknown>(error)) {
    // Only the name is kept: the message of an unknown error may quote the request.
    return new HttpError('NETWORK', error instanceof Error ? error.name : 'unknown error', true);
  }
  const status = error.response?.status;
  const code = error.code ?? 'no code';
  if (error.message.startsWith('maxContentLength')) {
    return new HttpError('BAD_RESPONSE', 'the answer is larger than allowed', false, status);
  }
  if (status !== undefined || error.message.includes('aborted')) {
    return new HttpError('BAD_RESPONSE', 'the answer broke off', true, status);
  }
  if (tlsErrorCode.test(code)) return new HttpError('TLS', code, false);
  return new HttpError('NETWORK', code, true);
}

import * as v from 'valibot';
import type { RequestError } from '../errors.ts';
import { type HttpClient, HttpError } from '../huawei/http.ts';
import { parseJson } from '../text.ts';
import { refuse, type SmnMessage, unavailable } from './message.ts';
import { isSubscribeUrl, type Where } from './url.ts';

interface ConfirmDeps {
  readonly config: Where;
  connect(): HttpClient;
}

const timeoutMs = 1_500;

/** Gets the URL that a verified message offers. @throws {RequestError} */
export async function confirmSubscription(
  { config, connect }: ConfirmDeps,
  { region, subscribeUrl = '' }: SmnMessage,
  signal: AbortSignal,
): Promise<void> {
  if (!isSubscribeUrl(subscribeUrl, region, config)) {
    throw refuse('the subscribe_url belongs neither to SMN nor to the console');
  }
  const http = connect();
  try {
    const request = { method: 'GET', url: subscribeUrl, headers: {}, timeoutMs, signal } as const;
    const { body, status } = await http.send(request);
    if (status < 200 || status >= 300) throw notConfirmed(String(status));
    // A login page is a 200 as well.
    if (!v.is(schema, parseJson(body))) {
      throw notConfirmed(`the answer (${status}) has no subscription_urn`);
    }
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    throw notConfirmed(`${error.code}, ${error.message}`);
  } finally {
    http.close();
  }
}

const schema = v.object({ subscription_urn: v.pipe(v.string(), v.nonEmpty()) });

function notConfirmed(why: string): RequestError {
  return unavailable(`the subscription was not confirmed: ${why}`);
}

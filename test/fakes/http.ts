import type { HttpAnswer, HttpClient, HttpRequest } from '../../lib/huawei/http.ts';

export interface FakeHttp extends HttpClient {
  readonly requests: readonly HttpRequest[];
}

/** Answers without a network; keeps what it was asked for. */
export function createFakeHttp(
  answer: (request: HttpRequest) => Pick<HttpAnswer, 'status' | 'body'> = () => ({
    status: 404,
    body: '',
  }),
): FakeHttp {
  const requests: HttpRequest[] = [];
  return {
    requests,
    close: () => {},
    send: async (request) => {
      requests.push(request);
      return { ...answer(request), header: () => undefined };
    },
  };
}

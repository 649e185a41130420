import { expect, test } from 'vitest';
import { parseSyncRequest } from '../../lib/http/request.ts';
import { instanceIds } from '../support/instances.ts';
import { faultsAt, openapi } from '../support/openapi.ts';
import { packageService, resourcesOf } from '../support/template.ts';

test('has exactly the routes of the deployment', () => {
  const routes = resourcesOf(packageService(), 'AWS::ApiGatewayV2::Route').map(
    ([, { RouteKey }]) => RouteKey,
  );

  const documented = Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
  );

  expect(documented.sort()).toEqual(routes.sort());
});

test('refuses an answer that it does not describe', () => {
  const error = { error: { code: 'INTERNAL', message: 'no' }, runId: 'r' };

  expect(faultsAt('#/components/schemas/Error', error)).toEqual([]);
  expect(faultsAt('#/components/schemas/Error', { ...error, token: 't' })).not.toEqual([]);
  expect(faultsAt('#/components/schemas/Run', error)).not.toEqual([]);
});

const [id = ''] = instanceIds(1);

test.each<[unknown, boolean]>([
  [{}, true],
  [{ dryRun: true }, true],
  [{ instanceIds: [id] }, true],
  [{ instanceIds: [id, id], dryRun: false }, true],
  [{ instanceIds: Array(1_000).fill(id) }, true],
  [{ instanceIds: Array(1_001).fill(id) }, false],
  [{ instanceIds: [] }, false],
  [{ instanceIds: id }, false],
  [{ instanceIds: [id.toUpperCase()] }, false],
  [{ instanceIds: [`${id} `] }, false],
  [{ instanceIds: [`${'a'.repeat(32)}in01`] }, false],
  [{ instanceIds: [`${'a'.repeat(32)}in07`] }, false],
  [{ dryRun: 'true' }, false],
  [{ dryRun: null }, false],
  [{ dryrun: true }, false],
  [[], false],
  ['all', false],
  [null, false],
])('takes the body %j as the code does: %j', (body, isTaken) => {
  const read = () => parseSyncRequest({ body });

  if (isTaken) expect(read).not.toThrow();
  else expect(read).toThrow();
  expect(faultsAt('#/components/schemas/SyncRequest', body).length === 0).toBe(isTaken);
});

test.each([['1'], ['20'], ['0'], ['21'], ['2.5'], ['x']])(
  'takes wait=%s as the code does',
  (wait) => {
    const isTaken = ['1', '20'].includes(wait);
    const read = () => parseSyncRequest({ rawQueryString: `wait=${wait}` });

    if (isTaken) expect(read).not.toThrow();
    else expect(read).toThrow();
    const place = '#/paths/~1sync/post/parameters/0/schema';
    expect(faultsAt(place, Number(wait)).length === 0).toBe(isTaken);
  },
);

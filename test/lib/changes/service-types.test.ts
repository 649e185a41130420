import { expect, test } from 'vitest';
import { checkServiceTypes } from '../../../lib/changes/service-types.ts';
import type { HttpAnswer, HttpClient } from '../../../lib/huawei/http.ts';
import { answer } from '../../fakes/cts-http.ts';
import { createTestApp } from '../../support/app.ts';
import { deadlineIn } from '../../support/deadline.ts';

const operations = [
  { service_type: 'RDS', operation_list: ['createInstance', 'instanceRestart'] },
  { service_type: 'GaussDB', operation_list: ['instanceRestart'] },
  { service_type: 'ECS', operation_list: ['startServer'] },
];

const ctsEndpoint = 'https://cts.eu-de.otc.t-systems.com';

function check(types: string, given: HttpAnswer) {
  const app = createTestApp({
    http: () => ({ close: () => {}, send: async () => given }),
    env: { WATCH_SERVICE_TYPES: types },
  });
  return app.clock.run(checkServiceTypes({ ...app, ctsEndpoint }, deadlineIn(20_000, app.clock)));
}

test('types that CTS knows with operations of watch have no problem', async () => {
  expect(await check('RDS,GaussDB', answer(200, { operations }))).toEqual([]);
});

test('a type that CTS does not know, or without an operation of watch, is named', async () => {
  expect(await check('RDS,TaurusDB,ECS', answer(200, { operations }))).toEqual([
    'CTS knows no service type "TaurusDB", so watch will not see its changes. Types of data nodes that it knows: RDS, GaussDB. Set WATCH_SERVICE_TYPES',
    'CTS knows the service type "ECS", but none of the operations that watch looks for (lib/changes/trace-names.ts)',
  ]);
  expect(await check('RDS', answer(200, { operations: operations.slice(2) }))).toEqual([
    expect.stringContaining('that it knows: none. Set'),
  ]);
});

test('a cloud that does not tell is said, with what to look at', async () => {
  const [problem, ...others] = await check('RDS,ECS', answer(404, { error_code: 'APIGW.0101' }));

  expect(others).toEqual([]);
  expect(problem).toMatch(
    /^CTS does not tell which service types it knows \(.*APIGW\.0101.*\)\. Look at a trace .* WATCH_SERVICE_TYPES \(RDS,ECS\)$/,
  );
});

test('nothing is asked without an endpoint of CTS', async () => {
  const http = (): HttpClient => ({ close: () => {}, send: async () => answer(500, {}) });
  const app = { ...createTestApp({ http }), ctsEndpoint: undefined };
  expect(await checkServiceTypes(app, deadlineIn(20_000, app.clock))).toEqual([]);
});

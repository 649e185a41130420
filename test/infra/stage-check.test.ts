import { describe, expect, test } from 'vitest';
import { problemsOf } from '../../infra/check-stage.ts';
import { required, runPackage } from '../support/template.ts';

type Settings = Readonly<Record<string, string>>;

const base = { ...required, PARAMETER_PREFIX: '/ddm-sync/prod' };

function check(env: Settings, file?: Settings): readonly string[] {
  return problemsOf({ name: 'prod', file, env: { ...base, ...env } });
}

describe('serverless package', () => {
  test('makes no template of wrong settings, and names them all', () => {
    const { output, status } = runPackage({
      DDM_ENDPOINT: 'https://example.com',
      DDM_PROJECT_ID: '',
      AUTH_MODE: 'foo',
      SYNC_RATE_PER_SECOND: 'abc',
    });

    expect(status).toBe(1);
    for (const problem of [
      /^DDM_ENDPOINT is "https:\/\/example\.com": set the regional API endpoint/m,
      /^DDM_PROJECT_ID is not set: /m,
      /^AUTH_MODE is "foo": /m,
      /^SYNC_RATE_PER_SECOND is "abc": /m,
    ]) {
      expect(output).toMatch(problem);
    }
  });

  test('takes no region for granted', () => {
    const { output, status } = runPackage({ AWS_REGION: '' });

    expect(status).toBe(1);
    expect(output).toContain(
      'AWS_REGION is not set: set it in the file of the stage, in the environment or in your AWS profile',
    );
  });
});

describe('the settings of a stage', () => {
  test('are right with what is required alone', () => {
    expect(check({})).toEqual([]);
  });

  test.each([
    ['AWS_REGION', ['Frankfurt', 'eu-central']],
    ['SYNC_SCHEDULE', ['15 minutes', 'rate(0 minutes)', 'cron()']],
    ['SYNC_WORKERS', ['1', '1001', 'many']],
    ['WATCH', ['true']],
    ['TOKEN_ROTATION', ['no']],
    ['HTTP_AUTHORIZER', ['none']],
    ['JWT_ISSUER', ['http://login.example', 'login.example']],
    ['JWT_SCOPE', ['a"b', 'a,  b']],
    ['CANARY', ['Canary10Percent', 'on']],
    ['TRACING', ['1']],
    ['ALARM_TOPIC_ARN', ['my-topic', 'arn:aws:sqs:eu-central-1:123456789012:alarms']],
    ['ALARM_FAILED_PERCENT', ['0', '101', 'many']],
    ['LOG_RETENTION_DAYS', ['15', 'ever']],
    ['CLOUD_CA_FILE', ['/etc/ca.pem', '../ca.pem', 'no-such.pem', 'package.json']],
  ])('refuse an unusable %s', (variable, values) => {
    for (const value of values) {
      expect(check({ [variable]: value })).toEqual([expect.stringMatching(`^${variable} is "`)]);
    }
  });

  test.each<[Settings, RegExp]>([
    [{ DDM_ENDPOINT: 'http://127.0.0.1:1' }, /^DDM_ENDPOINT is .*cannot reach this machine$/],
    [{ IAM_ENDPOINT: 'http://localhost:1' }, /^IAM_ENDPOINT is .*cannot reach this machine$/],
    [
      { SYNC_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/123456789012/other' },
      /^SYNC_QUEUE_URL is set: unset it, the template sets it$/,
    ],
    [{ SYNC_SCHEDULE: 'cron(0/15 * * * ? *)' }, /set SYNC_PERIOD_MINUTES/],
    [
      { HTTP_AUTHORIZER: 'jwt', JWT_SCOPE: 'ddm/sync' },
      /^JWT_ISSUER is not set: with HTTP_AUTHORIZER=jwt, set the https URL of the issuer$/,
    ],
    [
      { HTTP_AUTHORIZER: 'jwt', JWT_ISSUER: 'https://login.example' },
      /^JWT_SCOPE is not set: with HTTP_AUTHORIZER=jwt, set the scopes .*, or any if every token/,
    ],
  ])('that do not go together are refused: %o', (env, problem) => {
    expect(check(env)).toEqual([expect.stringMatching(problem)]);
  });

  test('have no mistyped name in the file', () => {
    expect(check({}, { ...required, SYNC_RATE: '5' })).toEqual([
      'SYNC_RATE in stages/prod.env is not a setting: docs/configuration.md lists them',
    ]);
  });
});

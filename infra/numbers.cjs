// Numbers of serverless.yml that follow from others, or that must not be text: its variables can neither
// calculate nor turn the text of the environment into a number.

const { settings } = require('../lib/config.ts');
const { schedulePeriodSeconds } = require('./schedule-period.cjs');

const { env } = process;
const changeWindowSeconds = Number(settings.changeWindowSeconds.default);
const workerTimeoutSeconds = 60;

/**
 * How old the event of a scheduled run may become: less than the schedule's period, so that missed runs do not pile up.
 * Lambda takes 60 s to 6 h; with a run every minute it is the whole period.
 */
const runEventSeconds = Math.floor((2 / 3) * schedulePeriodSeconds(process.env));

/** Reserved concurrency; with `off` the functions share what the account has. docs/deployment.md */
function reserve(setting) {
  if (setting === 'on') return { one: 1, two: 2 };
  if (setting === 'off') return {};
  throw new Error(`RESERVED_CONCURRENCY is "${setting}": set on or off`);
}

module.exports = {
  runMaxAgeSeconds: Math.min(21_600, Math.max(60, runEventSeconds)),
  changeWindowSeconds,
  changeDelaySeconds: changeWindowSeconds + 1, // a second more, for clocks that differ
  reserved: reserve(env.RESERVED_CONCURRENCY || 'on'),
  workerTimeoutSeconds,
  visibilityTimeoutSeconds: 6 * workerTimeoutSeconds, // AWS recommends six times the timeout
  // CloudFormation accepts 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 and more (docs/deployment.md).
  logRetentionDays: Number(env.LOG_RETENTION_DAYS || 90),
};

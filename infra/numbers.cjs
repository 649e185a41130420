// Numbers of serverless.yml that follow from others, or that must not be text: its variables can neither
// calculate nor turn the text of the environment into a number.

const { schedulePeriodSeconds } = require('./schedule-period.cjs');

const changeWindowSeconds = 20; // changes of one instance within it become one sync
const workerTimeoutSeconds = 60;

/**
 * How old the event of a scheduled run may become: less than the schedule's period, so that missed runs do not pile up.
 * Lambda takes 60 s to 6 h; with a run every minute it is the whole period.
 */
const runEventSeconds = Math.floor((2 / 3) * schedulePeriodSeconds(process.env));

module.exports = {
  runMaxAgeSeconds: Math.min(21_600, Math.max(60, runEventSeconds)),
  changeWindowSeconds,
  changeDelaySeconds: changeWindowSeconds + 1, // a second more, for clocks that differ
  workerTimeoutSeconds,
  visibilityTimeoutSeconds: 6 * workerTimeoutSeconds, // AWS recommends six times the timeout
  // CloudFormation accepts 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 and more (docs/deployment.md).
  logRetentionDays: Number(process.env.LOG_RETENTION_DAYS || 90),
};

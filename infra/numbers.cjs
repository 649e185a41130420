// Numbers of serverless.yml that follow from others, or that must not be text: its variables can neither
// calculate nor turn the text of the environment into a number.

const changeWindowSeconds = 20; // changes of one instance within it become one sync
const workerTimeoutSeconds = 60;

module.exports = {
  changeWindowSeconds,
  changeDelaySeconds: changeWindowSeconds + 1, // a second more, for clocks that differ
  workerTimeoutSeconds,
  visibilityTimeoutSeconds: 6 * workerTimeoutSeconds, // AWS recommends six times the timeout
  // CloudFormation accepts 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 and more (docs/deployment.md).
  logRetentionDays: Number(process.env.LOG_RETENTION_DAYS || 90),
};

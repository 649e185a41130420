// What the framework leaves open in its schedules: their names, which the runbook uses, and how often EventBridge Scheduler
// tries to invoke a function. Its own default is 185 times in 24 hours; a run that comes a day late is of no use.

const { functionId, functionName } = require('./names.cjs');
const { runMaxAgeSeconds } = require('./numbers.cjs');

/** Merged into the schedule that the framework makes of the function's event. */
function schedule(key, MaximumEventAgeInSeconds) {
  return {
    [`${functionId(key)}SchedulerSchedule1`]: {
      Type: 'AWS::Scheduler::Schedule',
      Properties: {
        Name: functionName(key),
        Target: { RetryPolicy: { MaximumEventAgeInSeconds, MaximumRetryAttempts: 3 } },
      },
    },
  };
}

// The ages are those of maximumEventAge in serverless.yml.
module.exports = {
  Resources: {
    ...schedule('scheduled', runMaxAgeSeconds),
    ...schedule('watch', 90),
    ...schedule('rotate-token', 3_600),
  },
};

// What alarms and dashboard watch: a new function or queue is one line here.

/** In so many periods of 5 minutes, one after the other, an error is more than a passing fault. */
const functions = {
  scheduled: { errorPeriods: 1 },
  http: { errorPeriods: 1 },
  worker: { errorPeriods: 3 }, // its messages come back
  follow: { errorPeriods: 3 }, // as the worker's
  watch: { errorPeriods: 3 }, // the next run, 2 minutes later, begins where this one did
  changed: { errorPeriods: 1 },
  smn: { errorPeriods: 1 },
  'rotate-token': { errorPeriods: 1 },
};

/** The queues that somebody works on. */
const queues = { sync: 'SyncQueue', changes: 'ChangeQueue', follow: 'FollowQueue' };

/** The queues that keep what nobody could do. */
const deadLetterQueues = {
  sync: 'SyncDeadLetterQueue',
  changes: 'ChangeDeadLetterQueue',
  follow: 'FollowDeadLetterQueue',
  scheduled: 'ScheduledDeadLetterQueue',
  changed: 'ChangedDeadLetterQueue',
};

module.exports = { deadLetterQueues, functions, queues };

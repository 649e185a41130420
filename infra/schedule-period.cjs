// How often the schedule runs, for alarms and dashboard: rate(…) says it; cron(…) needs SYNC_PERIOD_MINUTES.

const secondsOf = { minute: 60, hour: 3_600, day: 86_400 };

/** The pause of `rate(…)`; NaN for anything else. */
function rateSeconds(schedule) {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(schedule) ?? [];
  return Number(count) * secondsOf[unit];
}

function schedulePeriodSeconds({
  SYNC_PERIOD_MINUTES: minutes,
  SYNC_SCHEDULE: schedule = 'rate(15 minutes)',
}) {
  const seconds = minutes ? Number(minutes) * 60 : rateSeconds(schedule);
  const maxSeconds = 86_400; // of an alarm's period
  if (Number.isInteger(seconds / 60) && seconds >= 60 && seconds <= maxSeconds) return seconds;
  throw new Error(
    `The alarms cannot tell how often the schedule "${schedule}" runs: set SYNC_PERIOD_MINUTES, 1 to 1440`,
  );
}

module.exports = { rateSeconds, schedulePeriodSeconds };

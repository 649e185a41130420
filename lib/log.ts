import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { publishBatch, publishRun } from './metrics.ts';
import type { RunLog } from './sync/ledger.ts';
import type { End, Status } from './sync/outcomes.ts';

/** The one Powertools Logger of the process; writes one JSON line per call to stdout. */
export const logger = new Logger({ serviceName: 'ddm-sync' });

/** Metrics as log lines (EMF); their dimension `service` is POWERTOOLS_SERVICE_NAME. */
const metrics = new Metrics({ namespace: 'ddm-sync' });

const levelOf = {
  accepted: 'info',
  queued: 'info',
  skipped: 'info',
  failed: 'error',
} as const satisfies Record<Status, 'info' | 'error'>;

const levelOfEnd = {
  completed: 'info',
  failed: 'error',
  unknown: 'info',
} as const satisfies Record<End, 'info' | 'error'>;

/** Writes a run's outcomes, retries and report with the field names of report.ts. */
export function createRunLog(target: Pick<Logger, 'info' | 'warn' | 'error'>): RunLog {
  return {
    outcome: (outcome) => {
      target[levelOf[outcome.status]](`instance sync ${outcome.status}`, { ...outcome });
    },
    retry: (retry) => target.warn('instance sync retried', { ...retry }),
    notice: (message, fields) => target.info(message, { ...fields }),
    warning: (message, fields) => target.warn(message, { ...fields }),
    problem: (message, fields) => target.error(message, { ...fields }),
    ignored: (message, fields) => {
      target.info(message, { ...fields });
      metrics.singleMetric().addMetric('ChangesIgnored', MetricUnit.Count, 1);
    },
    notificationRefused: () => {
      metrics.singleMetric().addMetric('NotificationsRefused', MetricUnit.Count, 1);
    },
    report: (report) => {
      publishRun(metrics, report);
      target.info('sync run finished', { ...report });
    },
    batch: (report) => {
      publishBatch(metrics, report);
      target.info('sync batch finished', { ...report });
    },
    tokenHoursLeft: (hours) => {
      metrics.singleMetric().addMetric('TokenHoursLeft', MetricUnit.NoUnit, hours);
    },
    ended: (end) => target[levelOfEnd[end.end]](`instance sync ${end.end}`, { ...end }),
    ends: ({ completed, failed, unknown }) => {
      metrics.addMetric('JobsCompleted', MetricUnit.Count, completed);
      metrics.addMetric('JobsFailed', MetricUnit.Count, failed);
      metrics.addMetric('JobsUnknown', MetricUnit.Count, unknown);
      metrics.publishStoredMetrics();
    },
  };
}

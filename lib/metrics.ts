import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { isKnownCode } from './huawei/error-codes.ts';
import type { EndCounts, Report } from './log.ts';

/** Metrics as log lines (EMF); their dimension `service` is POWERTOOLS_SERVICE_NAME. */
const metrics = new Metrics({ namespace: 'ddm-sync' });

/** Publishes a run as one line of metrics, and one line for each error code in it. */
export function publishRun(report: Report): void {
  if (report.trigger === 'schedule') {
    metrics.addMetric('CleanRuns', MetricUnit.Count, isClean(report) ? 1 : 0);
  }
  publishBatch(report);
}

/** A dry run, or a run over an empty list, does nothing that could fail: it proves nothing. */
function isClean({ accepted, failed, queued }: Report): boolean {
  return failed === 0 && accepted + queued > 0;
}

/** Publishes the result of one worker batch. */
export function publishBatch(report: Report): void {
  const { attempts, durationMs, errCodes, runId, throttled, trigger } = report;
  metrics.addMetric('Instances', MetricUnit.Count, report.total);
  metrics.addMetric('Accepted', MetricUnit.Count, report.accepted);
  metrics.addMetric('Failed', MetricUnit.Count, report.failed);
  metrics.addMetric('Queued', MetricUnit.Count, report.queued);
  metrics.addMetric('Skipped', MetricUnit.Count, report.skipped);
  metrics.addMetric('DurationMs', MetricUnit.Milliseconds, durationMs);
  metrics.addMetric('Calls', MetricUnit.Count, attempts);
  metrics.addMetric('ThrottledCalls', MetricUnit.Count, throttled);
  if (attempts > 0 && durationMs > 0) {
    const perSecond = Math.round((attempts * 100_000) / durationMs) / 100;
    metrics.addMetric('CallsPerSecond', MetricUnit.CountPerSecond, perSecond);
  }
  // Properties of the line, not dimensions: each value of a dimension is a metric that costs money.
  metrics.addMetadata('runId', runId).addMetadata('trigger', trigger);
  metrics.publishStoredMetrics();
  publishFailures(errCodes);
}

const otherCodes = 'OTHER';

/** By code. Codes outside the catalogue count as OTHER, because the service could send any number of them. */
function publishFailures(errCodes: Report['errCodes']): void {
  const failures = new Map<string, number>();
  for (const [errCode, count] of Object.entries(errCodes)) {
    const key = isKnownCode(errCode) ? errCode : otherCodes;
    failures.set(key, (failures.get(key) ?? 0) + count);
  }
  for (const [errCode, count] of failures) {
    const metric = metrics.singleMetric();
    metric.addDimension('errCode', errCode);
    metric.addMetric('Failures', MetricUnit.Count, count);
  }
}

export function countJobResults({ completed, failed, unknown }: EndCounts): void {
  metrics.addMetric('JobsCompleted', MetricUnit.Count, completed);
  metrics.addMetric('JobsFailed', MetricUnit.Count, failed);
  metrics.addMetric('JobsUnknown', MetricUnit.Count, unknown);
  metrics.publishStoredMetrics();
}

export function countIgnoredChange(): void {
  metrics.singleMetric().addMetric('ChangesIgnored', MetricUnit.Count, 1);
}

export function countRefusedNotification(): void {
  metrics.singleMetric().addMetric('NotificationsRefused', MetricUnit.Count, 1);
}

/** The functions that answer a failed request: Lambda counts such an invocation as a success. */
export type AnsweringFunction = 'http' | 'smn';

export function countFailedRequest(of: AnsweringFunction): void {
  const metric = metrics.singleMetric();
  metric.addDimension('function', of);
  metric.addMetric('FailedRequests', MetricUnit.Count, 1);
}

/** @param seconds since the instance was asked for that waits longest, of those that a worker sent anew */
export function measureLongestWait(seconds: number): void {
  metrics.singleMetric().addMetric('LongestWaitSeconds', MetricUnit.Seconds, seconds);
}

/** @param hours negative once the token has expired */
export function measureTokenLife(hours: number): void {
  metrics.singleMetric().addMetric('TokenHoursLeft', MetricUnit.NoUnit, hours);
}

import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { isKnownCode } from './huawei/error-codes.ts';
import type { Report } from './sync/outcomes.ts';

/** Publishes what a run came to, as one line of metrics, and one for each error code in it. */
export function publishRun(metrics: Metrics, report: Report): void {
  if (report.trigger === 'schedule') {
    metrics.addMetric('CleanRuns', MetricUnit.Count, isClean(report) ? 1 : 0);
  }
  publishBatch(metrics, report);
}

/** A dry run, and one over an empty list, has done nothing that could fail. */
function isClean({ accepted, failed, queued }: Report): boolean {
  return failed === 0 && accepted + queued > 0;
}

/** Publishes what one batch of a worker came to. */
export function publishBatch(metrics: Metrics, report: Report): void {
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
  // Properties of the line, not dimensions: each value of a dimension is a metric that is paid for.
  metrics.addMetadata('runId', runId).addMetadata('trigger', trigger);
  metrics.publishStoredMetrics();
  publishFailures(metrics, errCodes);
}

const otherCodes = 'OTHER';

/** By code, of which there are as many as the catalogue has: the service decides what codes it sends. */
function publishFailures(metrics: Metrics, errCodes: Report['errCodes']): void {
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

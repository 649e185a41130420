import { isKnownCode } from '../../lib/huawei/error-codes.ts';
import type { PrintedLine } from './printed-lines.ts';
import { resourcesOf, type Template } from './template.ts';

export interface Metric {
  readonly namespace: string;
  readonly name: string;
  /** The values by name, as in the template. */
  readonly dimensions: Readonly<Record<string, unknown>>;
}

// docs.aws.amazon.com: lambda/latest/dg/monitoring-metrics-types.html and
// AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
const published: Readonly<Record<string, readonly string[]>> = {
  'AWS/Lambda FunctionName': ['Invocations', 'Errors', 'Duration', 'Throttles'],
  'AWS/SQS QueueName': [
    'ApproximateNumberOfMessagesVisible',
    'ApproximateNumberOfMessagesNotVisible',
    'ApproximateNumberOfMessagesDelayed',
    'ApproximateAgeOfOldestMessage',
  ],
};

function keyOf(namespace: string, dimensions: readonly string[]): string {
  return `${namespace} ${[...dimensions].sort().join(' ')}`;
}

interface EmfDirective {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string }[];
}

/** Finds what is wrong with a metric: it is not published, or not for a resource of this template. */
export function createMetricCheck(
  template: Template,
  lines: readonly PrintedLine[],
): (metric: Metric) => readonly string[] {
  const names = new Map(Object.entries(published).map(([key, list]) => [key, new Set(list)]));
  for (const { _aws } of lines) {
    if (_aws === undefined) continue;
    const { CloudWatchMetrics } = _aws as { CloudWatchMetrics: readonly EmfDirective[] };
    for (const { Dimensions, Metrics, Namespace } of CloudWatchMetrics) {
      for (const dimensions of Dimensions) {
        const key = keyOf(Namespace, dimensions);
        const known = names.get(key) ?? new Set<string>();
        names.set(key, known);
        for (const { Name } of Metrics) known.add(Name);
      }
    }
  }
  const values = valuesOf(template);

  return ({ dimensions, name, namespace }) => {
    const key = keyOf(namespace, Object.keys(dimensions));
    const foreign = Object.entries(dimensions).filter(([dimension, value]) =>
      dimension === 'errCode'
        ? !isKnownCode(String(value))
        : !values[dimension]?.has(JSON.stringify(value)),
    );
    return [
      ...(names.get(key)?.has(name) ? [] : [`not published: ${name} of ${key}`]),
      ...foreign.map(
        ([dimension, value]) => `not in the template: ${dimension} ${JSON.stringify(value)}`,
      ),
    ];
  };
}

/** The values of each dimension that the template's resources have, as JSON. */
function valuesOf(template: Template): Readonly<Record<string, ReadonlySet<string>>> {
  const functions = resourcesOf(template, 'AWS::Lambda::Function').map(([, found]) => found);
  const queues = resourcesOf(template, 'AWS::SQS::Queue');
  const toSet = (values: readonly unknown[]) =>
    new Set(values.map((value) => JSON.stringify(value)));
  return {
    FunctionName: toSet(functions.map(({ FunctionName }) => FunctionName)),
    function: toSet(functions.map(({ Handler }) => /functions\/([\w-]+)\./.exec(Handler)?.[1])),
    QueueName: toSet(queues.map(([id]) => ({ 'Fn::GetAtt': [id, 'QueueName'] }))),
    service: toSet(
      functions.map(({ Environment }) => Environment.Variables.POWERTOOLS_SERVICE_NAME),
    ),
  };
}

// A plugin of the framework, which has no aliases of its own: gives every function that something invokes a
// published version and the alias `live`, and points its event sources there. docs/deployment.md says why it
// is no package.

const {
  aliasId,
  aliasName,
  deploymentResources,
  deploymentTypes,
  functionId,
  rollbackAlarms,
} = require('./deployment.cjs');

/** Until infra/alarms.cjs has one: without an alarm nothing rolls back. */
const errorsAlarm = (name, { name: functionName }) => ({
  Type: 'AWS::CloudWatch::Alarm',
  Properties: {
    AlarmName: `${functionName}-errors`,
    AlarmDescription:
      'Invocations failed. A deployment under way is taken back: docs/deployment.md',
    Namespace: 'AWS/Lambda',
    MetricName: 'Errors',
    Dimensions: [{ Name: 'FunctionName', Value: { Ref: `${functionId(name)}LambdaFunction` } }],
    Statistic: 'Sum',
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 0,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'notBreaching',
  },
});

class LiveAlias {
  constructor({ classes, service }) {
    this.ConfigurationError = classes.Error;
    this.service = service;
    this.hooks = {
      // osls compiles event sources, permissions and EventInvokeConfig for the alias that stands here; it sets
      // one by itself for provisioned concurrency (lib/plugins/aws/package/compile/functions.js, 4.3.1).
      'before:package:compileFunctions': () => this.nameAliases(),
      'after:aws:package:finalize:mergeCustomProviderResources': () => this.addAliases(),
    };
  }

  invoked() {
    return Object.entries(this.service.functions).filter(([, { events }]) => events.length > 0);
  }

  nameAliases() {
    this.type = this.readType();
    for (const [name, definition] of this.invoked()) {
      definition.targetAlias = { name: aliasName, logicalId: aliasId(name) };
    }
  }

  readType() {
    const type = process.env.CANARY || 'LambdaCanary10Percent5Minutes';
    if (type === 'off' || deploymentTypes.includes(type)) return type;
    const known = deploymentTypes.join(', ');
    throw new this.ConfigurationError(`CANARY is "${type}": set off, or one of ${known}`);
  }

  addAliases() {
    const { Resources } = this.service.provider.compiledCloudFormationTemplate;
    const versions = this.invoked().map(([name, { versionLogicalId }]) => [name, versionLogicalId]);
    Object.assign(Resources, deploymentResources(Object.fromEntries(versions), this.type));
    for (const [name, definition] of this.invoked()) {
      for (const id of rollbackAlarms(name)) Resources[id] ??= errorsAlarm(name, definition);
    }
  }
}

module.exports = LiveAlias;

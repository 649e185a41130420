// A plugin of the framework, which has no aliases: gives every function that has an event a published version and
// the alias `live`, points the event sources at it, and has CodeDeploy move it. docs/deployment.md says why this is
// not a package from the registry.

const { deploymentSettings } = require('./deployment-settings.ts');
const { aliasArn, aliasName, functionArn, functionId, pascal } = require('./names.cjs');

const canary = process.env.CANARY || deploymentSettings.canary.default;

class LiveAlias {
  constructor({ service }) {
    this.service = service;
    this.hooks = {
      // osls compiles event sources, permissions and EventInvokeConfig for the alias in `targetAlias`, which it
      // sets itself only for provisioned concurrency (lib/plugins/aws/package/compile/functions.js, 4.3.1).
      'before:package:compileFunctions': () => this.nameAliases(),
      'after:aws:package:finalize:mergeCustomProviderResources': () => this.addAliases(),
    };
  }

  invoked() {
    return Object.entries(this.service.functions).filter(([, { events }]) => events.length > 0);
  }

  nameAliases() {
    for (const [name, definition] of this.invoked()) {
      definition.targetAlias = { name: aliasName, logicalId: aliasId(name) };
    }
  }

  addAliases() {
    const { Resources } = this.service.provider.compiledCloudFormationTemplate;
    const versions = this.invoked().map(([name, { versionLogicalId }]) => [name, versionLogicalId]);
    Object.assign(Resources, deploymentResources(Object.fromEntries(versions), canary));
  }
}

/**
 * @param versions from the name of a function to the logical id of its new version
 * @param type what CANARY may be; `off`: the aliases move at once, without CodeDeploy
 */
function deploymentResources(versions, type) {
  const names = Object.keys(versions);
  const aliases = names.map((name) => [aliasId(name), alias(name, versions[name], type)]);
  if (type === 'off') return Object.fromEntries(aliases);
  return {
    ...Object.fromEntries(aliases),
    ...Object.fromEntries(names.map((name) => [groupId(name), deploymentGroup(name, type)])),
    DeploymentApplication: {
      Type: 'AWS::CodeDeploy::Application',
      Properties: { ComputePlatform: 'Lambda' },
    },
    DeploymentRole: deploymentRole(names),
  };
}

/** The alias of a function, which CodeDeploy moves unless CANARY is off. */
function alias(name, versionId, type) {
  return {
    Type: 'AWS::Lambda::Alias',
    ...(type !== 'off' && {
      UpdatePolicy: {
        CodeDeployLambdaAliasUpdate: {
          ApplicationName: { Ref: 'DeploymentApplication' },
          DeploymentGroupName: { Ref: groupId(name) },
        },
      },
    }),
    Properties: {
      Name: aliasName,
      FunctionName: { Ref: `${functionId(name)}LambdaFunction` },
      FunctionVersion: { 'Fn::GetAtt': [versionId, 'Version'] },
    },
  };
}

function deploymentGroup(name, type) {
  return {
    Type: 'AWS::CodeDeploy::DeploymentGroup',
    Properties: {
      ApplicationName: { Ref: 'DeploymentApplication' },
      ServiceRoleArn: { 'Fn::GetAtt': ['DeploymentRole', 'Arn'] },
      DeploymentConfigName: `CodeDeployDefault.${type}`,
      DeploymentStyle: {
        DeploymentType: 'BLUE_GREEN',
        DeploymentOption: 'WITH_TRAFFIC_CONTROL',
      },
      AlarmConfiguration: {
        Enabled: true,
        IgnorePollAlarmFailure: false, // no deployment without its alarm
        Alarms: [{ Name: { Ref: rollbackAlarm(name) } }],
      },
      AutoRollbackConfiguration: {
        Enabled: true,
        Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM', 'DEPLOYMENT_STOP_ON_REQUEST'],
      },
    },
  };
}

/** The actions of AWSCodeDeployRoleForLambdaLimited, without its "*": this service's aliases and alarms. */
function deploymentRole(names) {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'codedeploy.amazonaws.com' },
            Action: 'sts:AssumeRole',
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ],
      },
      Policies: [
        {
          PolicyName: 'move-aliases',
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Action: [
                  'lambda:GetAlias',
                  'lambda:UpdateAlias',
                  'lambda:GetProvisionedConcurrencyConfig',
                ],
                Resource: names.flatMap((name) => [functionArn(name), aliasArn(name)]),
              },
              {
                Effect: 'Allow',
                Action: 'cloudwatch:DescribeAlarms',
                Resource: names.map((name) => ({ 'Fn::GetAtt': [rollbackAlarm(name), 'Arn'] })),
              },
            ],
          },
        },
      ],
    },
  };
}

/** The logical id of the alarm (infra/alarms.cjs) that rolls back a deployment of this function. */
function rollbackAlarm(name) {
  return `${pascal(name)}RollbackAlarm`;
}

function aliasId(name) {
  return `${functionId(name)}LiveAlias`;
}

function groupId(name) {
  return `${functionId(name)}DeploymentGroup`;
}

module.exports = LiveAlias;

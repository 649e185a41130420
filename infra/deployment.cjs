// Safe deploys: what stands between a new version of a function and all of its events. docs/deployment.md

const { functionId, pascal } = require('./names.cjs');

/** The alias that every event source invokes; it moves from one published version to the next. */
const aliasName = 'live';

/** The deployment types of CodeDeploy that CANARY may name. */
const deploymentTypes = [
  'LambdaAllAtOnce',
  ...[5, 10, 15, 30].map((minutes) => `LambdaCanary10Percent${minutes}Minutes`),
  'LambdaLinear10PercentEvery1Minute',
  ...[2, 3, 10].map((minutes) => `LambdaLinear10PercentEvery${minutes}Minutes`),
];

/** Logical ids of the alarms (infra/alarms.cjs) that stop a deployment of this function and take it back. */
function rollbackAlarms(name) {
  return [`${pascal(name)}RollbackAlarm`];
}

function functionArn(name) {
  return { 'Fn::GetAtt': [`${functionId(name)}LambdaFunction`, 'Arn'] };
}
function aliasArn(name) {
  return { 'Fn::Join': [':', [functionArn(name), aliasName]] };
}
function aliasId(name) {
  return `${functionId(name)}LiveAlias`;
}
function groupId(name) {
  return `${functionId(name)}DeploymentGroup`;
}

/** The alias of a function, which CodeDeploy moves unless that is off. */
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
        IgnorePollAlarmFailure: false, // what cannot be watched is not deployed
        Alarms: rollbackAlarms(name).map((Ref) => ({ Name: { Ref } })),
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
                Resource: names
                  .flatMap(rollbackAlarms)
                  .map((alarmId) => ({ 'Fn::GetAtt': [alarmId, 'Arn'] })),
              },
            ],
          },
        },
      ],
    },
  };
}

/**
 * @param versions from the name of a function to the logical id of its new version
 * @param type one of deploymentTypes, or `off`: then the aliases move at once, and nothing watches
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

module.exports = {
  aliasArn,
  aliasId,
  aliasName,
  deploymentResources,
  deploymentTypes,
  rollbackAlarms,
};

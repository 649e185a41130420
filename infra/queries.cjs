// The saved queries of CloudWatch Logs Insights: resources of the CloudFormation template.

const { logGroups } = require('./log-groups.cjs');
const { queries } = require('./query-texts.cjs');

function idOf(name) {
  return `${name.replaceAll(/(?:^| )(.)/g, (_, letter) => letter.toUpperCase())}Query`;
}

module.exports = async ({ resolveVariable }) => {
  const LogGroupNames = await logGroups(resolveVariable);
  return {
    Resources: Object.fromEntries(
      Object.entries(queries).map(([name, QueryString]) => [
        idOf(name),
        {
          Type: 'AWS::Logs::QueryDefinition',
          Properties: {
            Name: `\${self:service}-\${sls:stage}/${name}`,
            QueryString,
            LogGroupNames,
          },
        },
      ]),
    ),
  };
};

/** The log groups of all functions. */
const logGroups = async (resolveVariable) =>
  Object.values(await resolveVariable('self:custom.names')).map((name) => `/aws/lambda/${name}`);

module.exports = { logGroups };

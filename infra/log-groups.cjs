/** The log groups of all functions. */
async function logGroups(resolveVariable) {
  return Object.values(await resolveVariable('self:custom.names')).map(
    (name) => `/aws/lambda/${name}`,
  );
}

module.exports = { logGroups };

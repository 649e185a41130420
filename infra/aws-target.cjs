// Where and as whom the framework works on a stage, for every command of it: what the file of the stage says, as for
// `npm run deploy`.

const { readStage, resolveRegion } = require('./stage.ts');

module.exports = async ({ resolveVariable }) => {
  const { env } = readStage(await resolveVariable('sls:stage'), process.env);
  return { profile: env.AWS_PROFILE, region: await resolveRegion(env) };
};

// Where and as whom the framework works on a stage, for every command of it: what the file of the stage says, as for
// `npm run deploy`.

const { readStage, resolveRegion } = require('./stage.ts');

module.exports = async ({ options, resolveVariable }) => {
  const { env } = readStage(await resolveVariable('sls:stage'), process.env);
  const region = await resolveRegion(env);
  if (region === undefined && !options.region) throw withoutStack(noRegion);
  return { profile: env.AWS_PROFILE, region };
};

const noRegion =
  'AWS_REGION is not set: set it in the file of the stage, in the environment or in your AWS profile';

/** The framework prints the stack in place of the message. */
function withoutStack(message) {
  return Object.assign(new Error(message), { stack: message });
}

// A plugin of the framework that lets no wrong stage into a template, and none that differs from the file of the stage.
// `npm run deploy` has the same checks before it builds anything.

const { conflictsOf, problemsOf } = require('./check-stage.ts');
const { readStage, stagePath } = require('./stage.ts');

class StageCheck {
  constructor({ classes, service }) {
    this.ConfigurationError = classes.Error;
    this.service = service;
    this.hooks = {
      'before:package:cleanup': () => this.preparePackage(),
      'before:deploy:function:initialize': () => this.check(),
    };
  }

  preparePackage() {
    this.check();
    const { CLOUD_CA_FILE: path } = process.env;
    if (!path) return;
    this.service.package.patterns.push(path);
    this.service.provider.environment.NODE_EXTRA_CA_CERTS = `/var/task/${path}`; // docs/partner-clouds.md
  }

  check() {
    const { region, stage: name } = this.service.provider;
    const { env, file } = readStage(name, process.env);
    const stage = { name, file, env: { ...env, AWS_REGION: region } };
    const problems = [...problemsOf(stage), ...conflictsOf(stage, process.env), ...missing(stage)];
    if (problems.length > 0) throw new this.ConfigurationError(problems.join('\n'));
  }
}

/** serverless.yml reads the environment, where `npm run deploy` puts the file of the stage. */
function missing({ file = {}, name }) {
  const isThere = Object.keys(file).every((one) => process.env[one] || one.startsWith('AWS_'));
  return isThere
    ? []
    : [
        `The environment lacks the settings of ${stagePath(name)}: use npm run deploy -- --stage ${name}`,
      ];
}

module.exports = StageCheck;

// A plugin of the framework, which has no aliases of its own: gives every function that something invokes a
// published version and the alias `live`, and points its event sources there. docs/deployment.md says why it
// is no package.

const { aliasId, aliasName, deploymentResources, deploymentTypes } = require('./deployment.cjs');

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
  }
}

module.exports = LiveAlias;

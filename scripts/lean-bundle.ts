import { readFile } from 'node:fs/promises';
import type { Plugin, PluginBuild } from 'esbuild';

interface LeftOut {
  readonly name: string;
  /** Of the files that are not bundled. */
  readonly filter: RegExp;
  /** What is bundled instead; `leftOut` throws. */
  readonly code: string;
}

/** What axios and the AWS SDK bring along, and no function on Lambda uses. */
const leftOut: readonly LeftOut[] = [
  // With mime-db, 170 kB. Bodies are strings.
  leavePackage('form-data', 'export default leftOut;'),
  // lib/huawei/http.ts has its own transport, which follows no redirect, and uses no proxy.
  leavePackage(
    'follow-redirects',
    'export default { http: { request: leftOut }, https: { request: leftOut } };',
  ),
  leavePackage('https-proxy-agent', 'export default leftOut;'),
  leavePackage('proxy-from-env', 'export { leftOut as getProxyForUrl };'),
  {
    name: "axios' adapter for fetch",
    filter: /[\\/]axios[\\/]lib[\\/]adapters[\\/]fetch\.js$/,
    code: 'export { leftOut as getFetch };',
  },
  // A function has its keys in its environment. The chain that also looks for them in files, containers, instance
  // metadata and SSO is 90 kB.
  leavePackage(
    '@aws-sdk/credential-provider-node',
    "export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';",
  ),
];

function leavePackage(name: string, code: string): LeftOut {
  return { name, filter: new RegExp(`[\\\\/]node_modules[\\\\/]${name}[\\\\/]`), code };
}

/**
 * Keeps a bundle small and quick to import. What is left out throws if it is used, and writes to stderr: whoever
 * catches the error cannot hide it.
 */
export const leanBundle: Plugin = {
  name: 'lean-bundle',
  setup: (build) => {
    for (const { code, filter, name } of leftOut) {
      const message = JSON.stringify(`${name} is not in the package (scripts/lean-bundle.ts)`);
      const contents = `function leftOut() { console.error(${message}); throw new Error(${message}); }\n${code}`;
      build.onLoad({ filter }, () => ({ contents }));
    }
    keepFetchUnloaded(build);
  },
};

// Node loads its fetch, for some 10 ms, when code asks for one of the globals or exports that come with it.
function keepFetchUnloaded(build: PluginBuild): void {
  // An import of node:http reads all that it exports, WebSocket too. A require does not.
  build.onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
    kind === 'import-statement' ? { path: 'node:http', namespace: 'required' } : undefined,
  );
  build.onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({
    contents: `module.exports = require('${path}');`,
  }));
  // Without the class, axios recognises a form by its tag.
  build.onLoad({ filter: /[\\/]axios[\\/]lib[\\/]utils\.js$/ }, async ({ path }) => {
    const source = await readFile(path, 'utf8');
    const contents = source.replace(/= typeof G\.FormData .*;/, '= undefined;');
    if (contents === source) throw new Error(`${path} has changed: see scripts/lean-bundle.ts`);
    return { contents };
  });
}

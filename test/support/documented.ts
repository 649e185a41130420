import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './process.ts';

/** A block of commands, or one command in a sentence, as a person would type it. */
export interface Typed {
  /** `docs/redrive.md`, and the first line. */
  readonly title: string;
  readonly text: string;
}

/** What a person puts in place of `<…>`. */
const replaced: Readonly<Record<string, string>> = {
  'account id': '123456789012',
  'api id': 'a1b2c3',
  commit: '0123abc',
  function: 'worker',
  id: '1f5c9fd6cd984056ba89c8c87cc03278in09',
  'key id': '1234abcd-12ab-34cd-56ef-1234567890ab',
  'project id': '619d3e78f61b4be68bc5aa0b59edcf7b',
  region: 'eu-central-1',
  stage: 'prod',
  version: '7',
};

/** Every command of README.md and docs/. */
export function readTyped(): readonly Typed[] {
  return ['README.md', ...globSync('docs/*.md', { cwd: root })].flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const blocks = [...text.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)].map(([, block]) => block);
    const prose = text.replace(/^ *```[\s\S]*?^ *```$/gm, '');
    const inline = [...prose.matchAll(/`((?:[A-Z_]+=\S+ )*(?:npm|npx|aws|git) [^`]+)`/g)].map(
      ([, command]) => command,
    );
    return [...blocks, ...inline].map((typed = '') => ({
      title: `${page}: ${typed.trim().split('\n')[0]}`,
      text: typed.replace(/<([a-z ]+)>/g, (whole, name: string) => replaced[name] ?? whole),
    }));
  });
}

export interface Call {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A command that this machine may lack or that must not run: it writes down how it is called. */
const stub = `#!/usr/bin/env bash
{ printf '%s\\037' "\${0##*/}" "$@"; printf '\\036'; printf '%s\\037' "\${CANARY+CANARY=$CANARY}" "\${NODE_EXTRA_CA_CERTS+NODE_EXTRA_CA_CERTS=$NODE_EXTRA_CA_CERTS}"; printf '\\035'; } >> "$CALLS"
echo 1f5c9fd6cd984056ba89c8c87cc03278in09
`;
const stubs = ['npm', 'npx', 'aws', 'git', 'curl', 'chromium'];

/** Runs what is typed in bash, in a folder with the files that the pages speak of. */
export function typeInBash(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'ddm-sync-typed-'));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const name of stubs) {
    writeFileSync(join(bin, name), stub);
    chmodSync(join(bin, name), 0o755);
  }
  writeFileSync(join(folder, 'instances.txt'), '1f5c9fd6cd984056ba89c8c87cc03278in09\n');
  writeFileSync(join(folder, 'token.txt'), 't'.repeat(5_128));
  const calls = join(folder, 'calls');
  writeFileSync(calls, '');
  const { status, stderr } = spawnSync('bash', ['-e', '-c', text], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: `${bin}:/usr/bin:/bin`, CALLS: calls, HOME: folder },
  });
  const asked = parseCalls(readFileSync(calls, 'utf8'));
  rmSync(folder, { recursive: true });
  return { status, stderr, calls: asked };
}

function parseCalls(text: string): readonly Call[] {
  return text
    .split('\x1d')
    .filter((call) => call !== '')
    .map((call) => {
      const [words = '', settings = ''] = call.split('\x1e');
      const [name = '', ...args] = words.split('\x1f').slice(0, -1);
      const env = settings.split('\x1f').filter((setting) => setting.includes('='));
      return { name, args, env: Object.fromEntries(env.map((setting) => setting.split('='))) };
    });
}

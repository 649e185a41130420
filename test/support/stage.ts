import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './process.ts';
import { required } from './template.ts';

type Settings = Readonly<Record<string, string>>;

/** A working directory with files of stages, each with the required settings besides its own. */
export function folderWithStages(stages: Readonly<Record<string, Settings>>): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'stages'));
  for (const [name, settings] of Object.entries(stages)) {
    writeFileSync(join(folder, `stages/${name}.env`), toEnv({ ...required, ...settings }));
  }
  return folder;
}

export function toEnv(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}="${value}"\n`)
    .join('');
}

/** A command in a folder of its own for the PATH, which writes down how it is called. */
export function fakeCommand(name: string, body: string) {
  const folder = temporaryFolder();
  const log = join(folder, 'calls');
  writeFileSync(log, '');
  writeFileSync(join(folder, name), `#!/usr/bin/env bash\n${body.replaceAll('$LOG', log)}\n`);
  chmodSync(join(folder, name), 0o755);
  return {
    path: folder,
    calls: () => readFileSync(log, 'utf8').trim().split('\n').filter(Boolean),
  };
}

import { type Setting, valuesOf } from '../lib/config-setting.ts';
import { stageSettings } from './check-stage.ts';

const about = `# The settings of one stage of ddm-sync, as stages/<stage>.env. \`npm run setup\` writes that file, \`npm run deploy\` and
# the other commands read it by --stage. Nothing secret belongs here: secrets are in Parameter Store.
# A setting behind # has its default. docs/configuration.md has them all in one table.
`;

/** A file with every setting of a stage, and what it means. Those without a value are comments. */
export function renderStageFile(values: Readonly<Record<string, string>>): string {
  return changeStageFile([about, ...stageSettings.map(renderSetting)].join('\n'), values);
}

/** A stage's file with other values; whatever else is in it stays. */
export function changeStageFile(text: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce((before, [name, value]) => {
    const line = `${name}=${quote(value)}`;
    const known = new RegExp(`^${name}=.*$`, 'm');
    const comment = new RegExp(`^# ?${name}=.*$`, 'm');
    const place = [known, comment].find((pattern) => pattern.test(before));
    return place ? before.replace(place, () => line) : `${before.trimEnd()}\n${line}\n`;
  }, text);
}

/** So that a shell can read the file too. */
function quote(value: string): string {
  return /^[\w./:@,%+-]*$/.test(value) ? value : `"${value}"`;
}

// The only required setting that a deployment has a default for.
const defaults: Readonly<Record<string, string>> = { PARAMETER_PREFIX: '/ddm-sync/<stage>' };

function renderSetting(setting: Setting<unknown>): string {
  const { default: fallback = defaults[setting.variable], meaning, variable } = setting;
  const plain = meaning.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '');
  const comment = wrap(`${plain}. Values: ${valuesOf(setting)}`);
  const isOpen = setting.required && fallback === undefined;
  const line = isOpen ? `${variable}=` : `#${variable}=${quote(fallback ?? '')}`;
  return `${comment}\n${line}\n`;
}

const maxCharacters = 118;

function wrap(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length > maxCharacters) lines.push(` ${word}`);
    else lines.splice(-1, 1, line);
  }
  return lines.map((line) => `#${line}`).join('\n');
}

import { deploymentSettings } from '../../infra/deployment-settings.ts';
import { settings } from '../../lib/config.ts';
import { type Setting, valuesOf } from '../../lib/config-setting.ts';

/** The variables that the functions read, as rows of a table. */
export function settingsTable(): string {
  return tableOf(Object.values(settings));
}

/** Those that only a deployment reads. */
export function deploymentTable(): string {
  return tableOf(Object.values(deploymentSettings));
}

/** The required ones first. */
function tableOf(rows: readonly Setting<unknown>[]): string {
  return [
    '| variable | default | values | meaning |',
    '| --- | --- | --- | --- |',
    ...rows.filter(({ required }) => required).map(toRow),
    ...rows.filter(({ required }) => !required).map(toRow),
  ].join('\n');
}

function toRow(setting: Setting<unknown>): string {
  const fallback = setting.default ? `\`${setting.default}\`` : 'none';
  const unset = setting.required ? 'required' : fallback;
  return `| \`${setting.variable}\` | ${unset} | ${asCode(valuesOf(setting))} | ${setting.meaning} |`;
}

// Outside code Markdown takes <region> for an element.
function asCode(text: string): string {
  return text.replace(/(https:\/\/|arn:|urn:)[^,\s<]*(<[^>]*>[^,\s<]*)+/g, '`$&`');
}

import { settings } from '../../lib/config.ts';
import { type Setting, valuesOf } from '../../lib/config-setting.ts';

/** The variables that the functions read, as rows of a table; the required ones first. */
export function settingsTable(): string {
  const rows = Object.values<Setting<unknown>>(settings);
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

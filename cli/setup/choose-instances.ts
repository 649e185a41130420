import { checkbox, input } from '@inquirer/prompts';
import type { ListedInstance } from '../../lib/huawei/lists.ts';
import { isInstanceId } from '../../lib/ids.ts';
import { checkIds, splitList } from './checks.ts';
import { type PromptContext, type Session, SetupError } from './session.ts';

/** The ids to keep in sync: those that the options name, or that the person picks from those found. */
export async function chooseInstances(
  { options, print, prompts }: Session,
  listed: readonly ListedInstance[] | undefined,
): Promise<readonly string[]> {
  const { instances } = options;
  if (listed === undefined) return Array.isArray(instances) ? unique(instances) : typeIds(prompts);
  const usable = listed.filter(({ id }) => isInstanceId(id));
  const unusable = listed.length - usable.length;
  if (unusable > 0) print(`Warning: ${unusable} instances left out: their ids are not DDM ids.`);
  if (usable.length === 0) throw new SetupError('None of the instances has a DDM id.');
  if (instances === undefined) return pick(usable, prompts);
  const chosen = instances === 'all' ? usable : find(usable, instances);
  for (const { id, name, status } of chosen) {
    if (status !== 'RUNNING') print(`Note: ${id} (${name}) is ${status || 'in an unknown state'}.`);
  }
  return chosen.map(({ id }) => id);
}

function unique(ids: readonly string[]): readonly string[] {
  return [...new Set(ids)];
}

function find(
  listed: readonly ListedInstance[],
  ids: readonly string[],
): readonly ListedInstance[] {
  const byId = new Map(listed.map((instance) => [instance.id, instance]));
  return unique(ids).map((id) => {
    const instance = byId.get(id);
    if (instance) return instance;
    throw new SetupError(
      `--instances names ${id}, which is not one of the ${listed.length} DDM instances of this project: check the id, the project and the region`,
    );
  });
}

const pageSize = 15;

function pick(
  listed: readonly ListedInstance[],
  context: PromptContext,
): Promise<readonly string[]> {
  return checkbox(
    {
      message: `Instances to keep in sync (${listed.length} found)`,
      pageSize,
      loop: false,
      choices: listed.map(({ id, name, status }) => ({
        value: id,
        name: `${id}  ${name}${status === 'RUNNING' ? '' : `  ${status || 'in an unknown state'}`}`,
        short: id,
        checked: true,
      })),
      validate: (chosen) => chosen.length > 0 || 'Choose at least one instance (space)',
      theme: {
        style: {
          renderSelectedChoices: (chosen: readonly unknown[], all: readonly unknown[]) =>
            `${chosen.length} of ${all.length}`,
        },
      },
    },
    context,
  );
}

async function typeIds(context: PromptContext): Promise<readonly string[]> {
  const question = { message: 'Instance ids, separated by commas', validate: checkIds };
  return unique(splitList(await input(question, context)));
}

import type { Cloud } from '../../emulator/cloud.ts';
import { splitParameter } from '../../emulator/ssm.ts';
import { createParameterStore, createSsmClient } from '../../lib/aws/parameter-store.ts';
import type { ParameterType } from '../../lib/aws/parts.ts';
import { anybody, region } from './moto.ts';

/** The parameters of a stack in moto, as whoever sets it up writes them. */
export interface StackParameters {
  put(name: string, value: string, type?: ParameterType): Promise<void>;
  /** In parts if they are long. */
  putList(name: string, instanceIds: readonly string[]): Promise<void>;
  remove(...names: readonly string[]): Promise<void>;
  /** Undefined if there is none. */
  read(name: string): Promise<string | undefined>;
}

export function openParameters(endpoint: string, prefix: string): StackParameters {
  const credentials = {
    accessKeyId: anybody.AccessKeyId,
    secretAccessKey: anybody.SecretAccessKey,
  };
  const ssm = createSsmClient({ endpoint, region, credentials });
  const store = createParameterStore(ssm, AbortSignal.timeout(300_000));
  return {
    put: (name, value, type = 'SecureString') =>
      store.put({ name: `${prefix}/${name}`, value }, type),
    putList: async (name, instanceIds) => {
      const list = { name: `${prefix}/${name}`, type: 'StringList', value: instanceIds.join(',') };
      for (const part of splitParameter({ ...list, type: 'StringList' }, ',')) {
        await store.put(part, 'StringList');
      }
    },
    remove: (...names) => store.remove(names.map((name) => `${prefix}/${name}`)),
    read: async (name) => {
      const path = `${prefix}/${name}`;
      return (await store.get([path])).get(path)?.value;
    },
  };
}

/** What rotate-token signs in with. */
export function passwordOf({ iam }: Cloud): string {
  return JSON.stringify(iam.user);
}

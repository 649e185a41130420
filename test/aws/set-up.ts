import { rmSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { build } from '../../scripts/build.ts';
import { startMoto } from './moto.ts';
import { findRuntimeClient } from './runtime-client.ts';
import { deploy, type Stack } from './stack.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly moto: string;
    /** Absent where aws-lambda-ric cannot be built. */
    readonly runtimeClient: string | undefined;
    readonly direct: Stack;
    readonly canary: Stack;
    /** The default settings, to be deleted by commands.test.ts. */
    readonly commands: Stack;
  }
}

const project = {
  DDM_ENDPOINT: 'https://ddm.eu-de.otc.t-systems.com',
  DDM_PROJECT_ID: '619d3e78f61b4be68bc5aa0b59edcf7b', // of the embedded cloud
};

/**
 * Vitest's global set-up: moto with three stacks, two with the default settings and one with nearly everything that
 * changes roles.
 */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const [moto, client] = await Promise.all([startMoto(), findRuntimeClient(), build()]);
  const stacks: Stack[] = [];
  const tearDown = async () => {
    await moto.stop();
    for (const { taskRoot } of stacks) rmSync(taskRoot, { recursive: true });
  };
  const add = async (
    stage: 'direct' | 'canary' | 'commands',
    env: Readonly<Record<string, string>>,
  ) => {
    const stack = await deploy(moto.endpoint, stage, { ...project, ...env });
    stacks.push(stack);
    provide(stage, stack);
  };
  provide('moto', moto.endpoint);
  provide('runtimeClient', client);
  try {
    await add('direct', { CANARY: 'off' });
    await add('commands', { CANARY: 'off' });
    await add('canary', { AUTH_MODE: 'aksk', DDM_DISCOVERY: 'on' });
  } catch (error) {
    await tearDown();
    throw error;
  }
  return tearDown;
}

import { type Cloud, startCloud } from '../../emulator/cloud.ts';
import { environmentOf } from '../../emulator/environment.ts';
import { type StartOptions, settingsOf } from './options.ts';

/** What the handler runs against. */
export interface Project {
  readonly name: string;
  /** The handler's environment. */
  readonly env: Environment;
  /** Absent with a real project. */
  readonly cloud?: Cloud;
}

export type Environment = Readonly<Record<string, string>>;

/** A project in an embedded cloud. */
export async function openDemo(options: StartOptions): Promise<Project & { cloud: Cloud }> {
  const { inlineMax, instances } = options;
  const cloud = await startCloud({
    instances,
    failShare: options.fail,
    flakyShare: options.flaky,
    latencyMs: options.latency,
    throttlePerSecond: options.throttle,
    queueSpeed: 60,
  });
  return {
    name: `the embedded cloud (${instances} instances)`,
    cloud,
    env: {
      ...environmentOf(cloud),
      SYNC_RATE_PER_SECOND: '100',
      ...settingsOf(options),
      ...(inlineMax && { SYNC_INLINE_MAX: inlineMax }),
    },
  };
}

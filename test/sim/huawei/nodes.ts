import type { Plan } from '../plan.ts';
import type { Random } from '../random.ts';

/** Which instances have which data nodes. */
export interface Nodes {
  readonly count: number;
  ofInstance(index: number): readonly number[];
  /** Empty for a node that belongs to no instance of the fleet. */
  ownersOf(node: number): readonly number[];
}

const sharedShare = 0.1;

/** Each instance has one to three nodes; some share one with their neighbour. The last ones belong to none. */
export function createNodes({ fleet, unowned }: Plan, random: Random): Nodes {
  const byInstance: number[][] = [];
  const owners: number[][] = [];
  for (let index = 0; index < fleet; index += 1) {
    const own: number[] = [];
    const neighbours = byInstance[index - 1]?.[0];
    if (neighbours !== undefined && random.chance(sharedShare)) {
      own.push(neighbours);
      owners[neighbours]?.push(index);
    }
    for (let more = random.between(1, 2); more > 0; more -= 1) {
      own.push(owners.length);
      owners.push([index]);
    }
    byInstance.push(own);
  }
  const count = owners.length + unowned;
  return {
    count,
    ofInstance: (index) => byInstance[index] ?? [],
    ownersOf: (node) => owners[node] ?? [],
  };
}

/** What changed: a DDM instance, or a data node (an RDS or GaussDB instance). */
export type Change = InstanceChange | DataNodeChange;

interface Dated {
  /** It changed before this time, in ms since the epoch; absent if that is not known. */
  readonly changedAt?: number | undefined;
}

export interface InstanceChange extends Dated {
  readonly instanceId: string;
}

export interface DataNodeChange extends Dated {
  readonly dataNodeId: string;
  /** Instances that another message asks for: they are not looked for again. */
  readonly except?: readonly string[] | undefined;
  /** It was not known whose it is: this message looks through the fleet for it. */
  readonly search?: true | undefined;
}

/** What changed, and what happened to it, under the name that its source uses. */
export type NamedChange = Change & { readonly name: string };

export function idOf(change: Change): string {
  return 'instanceId' in change ? change.instanceId : change.dataNodeId;
}

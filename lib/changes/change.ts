/** What changed: a DDM instance, or a data node (an RDS or GaussDB instance). */
export type Change = { readonly instanceId: string } | { readonly dataNodeId: string };

/** What changed, and what happened to it, under the name that its source uses. */
export type NamedChange = Change & { readonly name: string };

export function idOf(change: Change): string {
  return 'instanceId' in change ? change.instanceId : change.dataNodeId;
}

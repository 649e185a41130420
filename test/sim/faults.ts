/** What goes wrong in a world, and when; times in ms since it began. */
export type Fault = Span &
  (
    | { readonly kind: 'outage'; readonly retryAfterSeconds?: number | undefined }
    | { readonly kind: ShareKind; readonly share: number }
    | { readonly kind: 'limit'; readonly perSecond: number }
    | { readonly kind: 'dead-token' | 'ssm-hang' | 'sqs-hang' }
    | { readonly kind: 'slow'; readonly factor: number }
    | { readonly kind: 'instance'; readonly index: number; readonly does: InstanceFault }
    | { readonly kind: 'schemas'; readonly index: number; readonly answers: ReadFault }
  );

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Faults that hit a share of the calls. */
type ShareKind =
  | 'errors-500'
  | 'errors-503'
  | 'spurious-401'
  | 'ssm-throttled'
  | 'sqs-fails'
  | 'sqs-entries'
  | 'cts-fails'
  | 'kills';

/** What one instance does instead of its work. */
export type InstanceFault = 'never-answers' | '500' | '409' | '400' | '401' | 'gone' | 'backup';
/** What listing an instance's schemas answers. */
export type ReadFault = '403' | '404-apigw' | 'html' | 'redirect' | '429' | '500' | '503';

export interface Faults {
  isOn(kind: Fault['kind']): boolean;
  /** 0 where there is no such fault now. */
  share(kind: ShareKind): number;
  find<Kind extends Fault['kind']>(kind: Kind): Extract<Fault, { kind: Kind }> | undefined;
  ofInstance(index: number): InstanceFault | undefined;
  ofSchemas(index: number): ReadFault | undefined;
  /** Whether an instance has a fault of its own, whenever. */
  isBroken(index: number): boolean;
  readonly endAt: number;
}

/** A fault that ends later than any world. */
const forEver = 1e12;

export function createFaults(faults: readonly Fault[], now: () => number): Faults {
  const byKind = Map.groupBy(faults, ({ kind }) => kind);
  const instances = Map.groupBy(
    faults.filter((fault) => fault.kind === 'instance'),
    ({ index }) => index,
  );
  const schemas = Map.groupBy(
    faults.filter((fault) => fault.kind === 'schemas'),
    ({ index }) => index,
  );
  const isNow = ({ from, to }: Span): boolean => from <= now() && now() < to;
  const find = <Kind extends Fault['kind']>(kind: Kind) =>
    byKind.get(kind)?.find(isNow) as Extract<Fault, { kind: Kind }> | undefined;

  return {
    find,
    isOn: (kind) => find(kind) !== undefined,
    share: (kind) => find(kind)?.share ?? 0,
    ofInstance: (index) => instances.get(index)?.find(isNow)?.does,
    ofSchemas: (index) => schemas.get(index)?.find(isNow)?.answers,
    isBroken: (index) => instances.has(index),
    endAt: faults.reduce((end, { to }) => (to < forEver ? Math.max(end, to) : end), 0),
  };
}

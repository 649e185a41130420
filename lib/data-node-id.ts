import { isInstanceId } from './instance-id.ts';

/** Whether a text is the id of a data node: RDS and GaussDB have other digits at its end than DDM (09). */
export const isDataNodeId = (value: string): boolean =>
  isInstanceId(value) && !value.endsWith('in09');

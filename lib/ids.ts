// 32 hex digits, `in` and the two digits of the service, as in every sample of Huawei Cloud's API references: 09 is
// DDM, 01 RDS, 07 TaurusDB. The references do not promise that there are no others.
const idPattern = /^[0-9a-f]{32}in\d{2}$/;

/** Whether a text is a DDM instance id, which is safe to use in a path. An id of RDS or TaurusDB is not one. */
export function isInstanceId(value: string): boolean {
  return idPattern.test(value) && !/in0[17]$/.test(value);
}

/** Whether a text is the id of a data node, an RDS or GaussDB instance: any service's but DDM's. */
export function isDataNodeId(value: string): boolean {
  return idPattern.test(value) && !value.endsWith('in09');
}

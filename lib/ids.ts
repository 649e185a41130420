// 32 hex digits, `in` and two digits, as in every sample of Huawei Cloud's API references.
const instanceIdPattern = /^[0-9a-f]{32}in\d{2}$/;

/** Whether a text is a DDM instance id, which is safe to use in a path. */
export function isInstanceId(value: string): boolean {
  return instanceIdPattern.test(value);
}

/** Whether a text is the id of a data node, an RDS or GaussDB instance: 32 hex, `in`, and the service's two digits. */
export function isDataNodeId(value: string): boolean {
  return instanceIdPattern.test(value) && !isDdmId(value);
}

/** Whether an id belongs to DDM: its ids end in 09. */
function isDdmId(value: string): boolean {
  return value.endsWith('in09');
}

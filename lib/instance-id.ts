// 32 hex and `in` with two digits: what every sample of HUAWEI.md section 1.7 looks like.
const instanceIdPattern = /^[0-9a-f]{32}in\d{2}$/;

/** Whether a text is a DDM instance id, safe to be put into a path. */
export const isInstanceId = (value: string): boolean => instanceIdPattern.test(value);

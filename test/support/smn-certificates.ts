import { readFileSync } from 'node:fs';

function read(name: string): string {
  return readFileSync(new URL(`./${name}.pem`, import.meta.url), 'utf8');
}

/** What events/smn.json is signed with; its key is gone. */
export const sampleCertificate = read('sample-certificate');

/**
 * The certificate that Huawei Cloud's SMN signs with, as published.
 * https://support.huaweicloud.com/usermanual-smn/smn_ug_a9000.html
 */
export const huaweiCertificate = read('huawei-certificate');

export const huaweiFingerprint =
  '85:FF:15:CD:8A:21:7C:2B:DF:36:7C:F0:17:39:4D:B0:ED:FE:B0:31:8B:5F:5C:7C:6B:BE:25:73:CA:D1:38:17';

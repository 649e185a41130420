import { signWithSdk } from '../emulator/signature.ts';
import { sign } from '../lib/huawei/signer.ts';
import { compare } from './numbers.ts';

const keys = {
  accessKeyId: 'QTWAOYTTINDUT2QVKYUC',
  secretAccessKey: 'MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc', // of the signing guide
};
const projectId = '619d3e78f61b4be68bc5aa0b59edcf7b';
const headers = { 'Content-Type': 'application/json', 'X-Project-Id': projectId };
const method = 'POST';
const url = `https://ddm.eu-de.otc.t-systems.com/v1/${projectId}/instances/1f5c9fd6cd984056ba89c8c87cc03278in09/rds/sync`;
const signatures = 20_000;

/** The time of one signature, of ours and of Huawei's SDK in turns. */
export async function* signing() {
  if (signOurs() !== signSdk()) throw new Error('the two signers do not agree');
  const time = (sign: () => unknown) => () => {
    const startedAt = performance.now();
    for (let index = 0; index < signatures; index += 1) sign();
    return ((performance.now() - startedAt) / signatures) * 1_000;
  };
  const [oursUs, sdkUs] = await compare(7, time(signOurs), time(signSdk));
  yield 'signing one request with an access key (SDK-HMAC-SHA256)';
  yield `ddm-sync                 ${oursUs.toFixed(1)} us  (aim 60 us), ${(sdkUs / oursUs).toFixed(1)} times as fast as the SDK's signer (aim 3)`;
  yield `huaweicloud-sdk-core     ${sdkUs.toFixed(1)} us`;
}

function signOurs() {
  return sign({ method, url, headers }, keys, Date.UTC(2026, 10, 24)).Authorization;
}

function signSdk() {
  const dated = { ...headers, 'X-Sdk-Date': '20261124T000000Z' };
  return signWithSdk(
    { method, endpoint: url, headers: dated, queryParams: {}, data: undefined },
    keys,
  );
}

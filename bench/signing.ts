import { signWithSdk } from '../emulator/signature.ts';
import { sign } from '../lib/huawei/signer.ts';
import { median } from './start-up.ts';

const keys = {
  accessKeyId: 'QTWAOYTTINDUT2QVKYUC',
  secretAccessKey: 'MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc', // of the signing guide
};
const headers = {
  'Content-Type': 'application/json',
  'X-Project-Id': '619d3e78f61b4be68bc5aa0b59edcf7b',
};
const endpoint =
  'https://ddm.eu-de.otc.t-systems.com/v1/619d3e78f61b4be68bc5aa0b59edcf7b/instances/1f5c9fd6cd984056ba89c8c87cc03278in09/rds/sync';
const dates = { now: Date.UTC(2026, 10, 24), text: '20261124T000000Z' };

function ours() {
  return sign({ method: 'POST', url: endpoint, headers }, keys, dates.now).Authorization;
}
function sdk() {
  return signWithSdk(
    {
      method: 'POST',
      endpoint,
      headers: { ...headers, 'X-Sdk-Date': dates.text },
      queryParams: {},
      data: undefined,
    },
    keys,
  );
}

const signatures = 20_000;

/** µs a signature, of ours and of Huawei's SDK, in turns; medians. */
export function measureSigning(): { readonly oursUs: number; readonly sdkUs: number } {
  if (ours() !== sdk()) throw new Error('the two signers do not agree');
  const rounds = { ours: [] as number[], sdk: [] as number[] };
  for (let round = 0; round < 7; round += 1) {
    rounds.ours.push(time(ours));
    rounds.sdk.push(time(sdk));
  }
  return { oursUs: median(rounds.ours.slice(1)), sdkUs: median(rounds.sdk.slice(1)) };
}

function time(work: () => unknown): number {
  const startedAt = performance.now();
  for (let index = 0; index < signatures; index += 1) work();
  return ((performance.now() - startedAt) / signatures) * 1_000;
}

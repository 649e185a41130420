export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Measures ours and its peer in turns, so that both see the same machine: medians. */
export async function compare(
  rounds: number,
  measureOurs: () => number | Promise<number>,
  measurePeer: () => number | Promise<number>,
): Promise<readonly [ours: number, peer: number]> {
  const [ours, peer]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await measureOurs());
    peer.push(await measurePeer());
  }
  return [median(ours), median(peer)];
}

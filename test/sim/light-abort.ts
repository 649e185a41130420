/*
 * AbortController as far as lib/ uses it. Node's makes a DOMException with its stack, an Event, and lists of
 * weak references for every abort: a fifth of the time of a simulation. A test runs the same world with both.
 */
type Listener = () => void;

class LightAbortSignal {
  aborted = false;
  reason: unknown;
  #listeners: Set<Listener> | undefined;

  static any(signals: readonly LightAbortSignal[]): LightAbortSignal {
    const any = new LightAbortSignal();
    for (const signal of signals) {
      if (signal.aborted) any.end(signal.reason);
      else signal.addEventListener('abort', () => any.end(signal.reason));
    }
    return any;
  }

  addEventListener(_type: 'abort', listener: Listener): void {
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: Listener): void {
    this.#listeners?.delete(listener);
  }

  end(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    for (const listener of listeners ?? []) listener();
  }
}

const abortError = new DOMException('This operation was aborted', 'AbortError');

class LightAbortController {
  readonly signal = new LightAbortSignal();

  abort(reason: unknown = abortError): void {
    this.signal.end(reason);
  }
}

/** Replaces the platform's classes in this thread. Resolves with what puts them back. */
export function useLightAbort(): () => void {
  const { AbortController, AbortSignal } = globalThis;
  Object.assign(globalThis, {
    AbortController: LightAbortController,
    AbortSignal: LightAbortSignal,
  });
  return () => Object.assign(globalThis, { AbortController, AbortSignal });
}

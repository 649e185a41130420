/** The set-up cannot go on; the message is for the person at it, with the remedy and without secrets. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}

/** A log group or file that is not there, or ends in the middle; what else is to be read goes on. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

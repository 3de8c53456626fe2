/** No local Temporal server can be had. The message says what was tried and what the user can do. */
export class TemporalUnavailable extends Error {
  override readonly name = 'TemporalUnavailable';
}

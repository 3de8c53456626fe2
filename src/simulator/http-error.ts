/** An error answer in the API's own form: `{"error":{"code","message",…}}`. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  constructor(
    readonly status: number,
    message: string,
    readonly extra: {
      readonly headers?: Readonly<Record<string, string>>;
      /** Further members of `error`. */
      readonly details?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(message);
  }
}

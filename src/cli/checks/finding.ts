/** One line of `longtake doctor`. `note` is worth knowing and no fault. */
export interface Finding {
  readonly status: 'ok' | 'note' | 'fail';
  readonly subject: string;
  /** What was found, and, unless it is ok, what to do. */
  readonly text: string;
}

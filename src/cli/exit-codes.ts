/** What a command's exit code says. Scripts rely on these: add, never change. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** Wrong usage, input or configuration: nothing was started. */
  usage: 2,
  cancelled: 3,
  unreachable: 4,
  awaitingDecision: 5,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

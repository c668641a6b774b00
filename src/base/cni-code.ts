/** Error codes of the CNI specification, section "Error"; our own begin at 100. */
export const CniCode = {
  /** Invalid network config. */
  invalidConfig: 7,
  tryAgainLater: 11,
  refused: 100,
  /** The book cannot be read or written. */
  state: 101,
} as const;

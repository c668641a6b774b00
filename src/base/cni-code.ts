/** Error codes of the CNI specification, section "Error"; our own begin at 100. */
export const CniCode = {
  incompatibleVersion: 1,
  /** The message holds the key and its value. */
  unsupportedField: 2,
  unknownContainer: 3,
  /** A CNI_* variable is missing or wrong. */
  invalidEnvironment: 4,
  ioFailure: 5,
  /** The configuration is no JSON, or a key has a value of another type. */
  decodingFailure: 6,
  /** Invalid network config. */
  invalidConfig: 7,
  /** Of the reference library, not of the specification. */
  invalidNamespace: 8,
  tryAgainLater: 11,
  /** STATUS: no ADD can be served. */
  notAvailable: 50,
  /** STATUS: as `notAvailable`, and containers that are there may have lost their network. */
  limitedConnectivity: 51,
  refused: 100,
  /** The book cannot be read or written. */
  state: 101,
  /** Everything else, by the reference library. */
  internal: 999,
} as const;

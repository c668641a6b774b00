declare const brand: unique symbol;

/**
 * `T` that only its one constructor may make, so that a checked value cannot be confused with a raw
 * one.
 */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

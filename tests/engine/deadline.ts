/**
 * A test that would wait for ever fails instead.
 *
 * @module
 */

/** The promise itself, or a rejection when it has not been settled for `seconds`. */
export async function answered<T>(promise: Promise<T>, seconds = 5): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer for ${seconds} s`)), 1000 * seconds);
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

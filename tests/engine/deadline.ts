/**
 * Lets a test fail instead of waiting for ever.
 *
 * @module
 */

/** The promise, or a rejection if it does not settle within `seconds`. */
export async function answered<T>(promise: Promise<T>, seconds = 5): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer for ${seconds} s`)), 1000 * seconds);
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

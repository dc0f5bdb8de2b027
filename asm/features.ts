/** A sample's features from its bytes. */

/**
 * Looks bytes up: features[i] = table[bytes[i]].
 *
 * @param bytes u8 `[count]`.
 * @param table f32 `[256]`.
 * @param features f32 `[count]`, written.
 */
export function featuresOfBytes(bytes: usize, count: i32, table: usize, features: usize): void {
  for (const end = bytes + <usize> count; bytes < end; bytes++, features += 4) {
    store<f32>(features, load<f32>(table + (<usize> load<u8>(bytes) << 2)));
  }
}

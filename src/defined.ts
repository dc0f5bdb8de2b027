/** Optional properties under `exactOptionalPropertyTypes`: absent, never undefined. */

/** The properties of an object that are not undefined. */
export function defined<Properties extends object>(
  properties: Properties,
): { [Key in keyof Properties]?: Exclude<Properties[Key], undefined> };
export function defined(properties: object): object {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
}

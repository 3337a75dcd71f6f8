/**
 * Forms of JSON values, for what comes out of the database as text. Strict: what is missing, unknown or of another kind is said with the
 * path to it. The types of `model/` are what they are checked against: a field that is added there has to be added here.
 */

/** Takes a value as a `T`. @throws Misfit */
export type Shape<T> = (value: unknown, path: string) => T

/** A value that has another form. */
export class Misfit extends Error {
  override name = 'Misfit'
}

export const text: Shape<string> = (value, path) =>
  typeof value === 'string' ? value : misfit(path, 'text')

export const flag: Shape<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : misfit(path, 'true or false')

/** Counts, times and lengths. */
export const integer: Shape<number> = (value, path) =>
  Number.isSafeInteger(value) ? (value as number) : misfit(path, 'an integer')

export function oneOf<const T extends string>(...words: readonly T[]): Shape<T> {
  return (value, path) =>
    words.find((word) => word === value) ?? misfit(path, `one of ${words.join(', ')}`)
}

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => (value === null ? null : shape(value, path))
}

/** Of a field that came later. */
export function orMissing<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => (value === undefined ? null : orNull(shape)(value, path))
}

export function list<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, path) =>
    Array.isArray(value)
      ? value.map((each, i) => shape(each, `${path}[${i}]`))
      : misfit(path, 'a list')
}

/** All of these fields and no other. */
export function record<T extends object>(
  fields: { readonly [K in keyof T]-?: Shape<T[K]> },
): Shape<T> {
  const shapes = Object.entries(fields) as [string, Shape<unknown>][]
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return misfit(path, 'an object')
    }
    const given = value as Record<string, unknown>
    const unknown = Object.keys(given).find((key) => !Object.hasOwn(fields, key))
    if (unknown !== undefined) throw new Misfit(`\`${path}.${unknown}\` is unknown`)
    return Object.fromEntries(
      shapes.map(([key, shape]) => [key, shape(given[key], `${path}.${key}`)]),
    ) as T
  }
}

function misfit(path: string, wanted: string): never {
  throw new Misfit(`\`${path}\` is not ${wanted}`)
}

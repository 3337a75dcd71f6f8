/** Filters as SQL: what is not asked for is no condition. */

export type Condition = readonly [sql: string, value: string | number | undefined]

/** @param conditions each with one `?`; literals of the program */
export function toWhere(conditions: readonly Condition[]): {
  readonly where: string
  readonly values: readonly (string | number)[]
} {
  const values: (string | number)[] = []
  const asked: string[] = []
  for (const [sql, value] of conditions) {
    if (value === undefined) continue
    asked.push(sql)
    values.push(value)
  }
  return { where: asked.length > 0 ? `WHERE ${asked.join(' AND ')}` : '', values }
}

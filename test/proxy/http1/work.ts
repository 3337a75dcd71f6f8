/**
 * How much work a function does, counted and not timed: every character looked at counts one, every string, list or buffer that is
 * gone through counts as far as that goes. Linear code does twice the work on twice the input, on any machine.
 */

type Cost = (self: { length: number }, args: readonly unknown[], result: unknown) => number

const whole: Cost = ({ length }) => length
const one: Cost = () => 1
const found: Cost = ({ length }, [, from], result) => {
  const start = Number(from ?? 0)
  return (Number(result) < 0 ? length : Number(result) + 1) - start
}
/** Of a method whose second and third argument say from where to where. */
const span: Cost = ({ length }, [, start, end]) => Number(end ?? length) - Number(start ?? 0)

const COSTS: readonly (readonly [object, Readonly<Record<string | symbol, Cost>>])[] = [
  [
    String.prototype,
    {
      charCodeAt: one,
      endsWith: whole,
      includes: whole,
      indexOf: found,
      split: whole,
      toLowerCase: whole,
      trim: whole,
    },
  ],
  [
    Array.prototype,
    { concat: whole, includes: whole, join: whole, slice: whole, [Symbol.iterator]: whole },
  ],
  [Buffer.prototype, { copy: whole, copyWithin: span, indexOf: found, toString: span }],
]

type Method = (this: { length: number }, ...args: unknown[]) => unknown

/** Runs `act` while the built-in methods count. It must not wait for anything. */
export function countWork(act: () => void): number {
  let work = 0
  using stack = new DisposableStack()
  for (const [prototype, costs] of COSTS) {
    const methods = prototype as Record<string | symbol, Method>
    for (const name of Reflect.ownKeys(costs)) {
      const original = methods[name] as Method
      const cost = costs[name] as Cost
      const inherited = !Object.hasOwn(methods, name)
      methods[name] = function (...args) {
        const result = Reflect.apply(original, this, args)
        work += cost(this, args, result)
        return result
      }
      stack.defer(() => {
        if (inherited) delete methods[name]
        else methods[name] = original
      })
    }
  }
  act()
  return work
}

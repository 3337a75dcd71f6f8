#!/usr/bin/env -S node --max-semi-space-size=2
// The door for people and npm: an old Node cannot even read the rest, so it is told here, in words, before anything is loaded.
//
// The flag (MiB; also in package.json and the Dockerfile) keeps V8's nursery small. What connections receive lies outside the heap and
// is let go when the nursery is collected: with the default of 16 one large download makes resident memory grow by 65 MiB, with
// 2 by 24. CPU time per request was measured to be the same.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `cordon: error: Node ${process.versions.node} is too old, 24.12 or newer is needed; \`npm ci\` brings one, and \`npm start\` uses it\n`,
  )
  process.exit(3)
}
await import('./main.ts')

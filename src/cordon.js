#!/usr/bin/env node
// The door for people and npm: an old Node cannot even read the rest, so it is told here, in words, before anything is loaded.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `cordon: error: Node ${process.versions.node} is too old, 24.12 or newer is needed; \`npm ci\` brings one, and \`npm start\` uses it\n`,
  )
  process.exit(3)
}
await import('./main.ts')

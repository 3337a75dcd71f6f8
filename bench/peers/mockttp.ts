/**
 * The npm package `mockttp` passing everything through, without recording. Environment: PORT,
 * CA_KEY, CA_CERT, UPSTREAM_CA (PEM files).
 */

// Optional, so neither the compiler nor a fresh clone may need it: the name is not a literal.
const packageName: string = 'mockttp'
const { getLocal } = await import(packageName)

const proxy = getLocal({
  https: { keyPath: process.env.CA_KEY, certPath: process.env.CA_CERT },
  recordTraffic: false,
  maxBodySize: 1024,
})
await proxy.start(Number(process.env.PORT))
await proxy
  .forUnmatchedRequest()
  .thenPassThrough({ additionalTrustedCAs: [{ certPath: process.env.UPSTREAM_CA }] })

/**
 * The npm package `http-mitm-proxy` as it is shipped, with keep-alive on: the baseline of
 * docs/decisions/0001. Environment: PORT, CA_FOLDER (in the package's own layout).
 */

import { Proxy as MitmProxy } from 'http-mitm-proxy'

// It prints a line for every certificate and every server it starts.
console.debug = () => {}

const proxy = new MitmProxy()
// Without a listener an upstream error would end the process; the client sees and counts it anyway.
proxy.onError(() => {})
proxy.listen({
  host: '127.0.0.1',
  port: Number(process.env.PORT),
  sslCaDir: process.env.CA_FOLDER ?? '',
  keepAlive: true,
})

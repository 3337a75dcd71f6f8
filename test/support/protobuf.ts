/** Protocol Buffers with a schema, by the library that the client of gRPC uses: what ours makes of them without one is held against it. */

import { createRequire } from 'node:module'

type Protobuf = typeof import('protobufjs')

const ours = createRequire(import.meta.url)
const client = createRequire(ours.resolve('@grpc/grpc-js'))
const loader = createRequire(client.resolve('@grpc/proto-loader'))
const protobuf = loader('protobufjs') as Protobuf

export interface Codec {
  encode(value: object): Buffer
  /** Numbers of 64 bits as text. */
  decode(bytes: Buffer): Record<string, unknown>
}

export function codecOf(schema: string, name: string): Codec {
  const type = protobuf.parse(schema).root.lookupType(name)
  return {
    encode: (value) => Buffer.from(type.encode(type.fromObject(value)).finish()),
    decode: (bytes) => type.toObject(type.decode(bytes), { longs: String, bytes: String }),
  }
}

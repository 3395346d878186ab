import protobuf from 'protobufjs/light.js'

/** A protobuf field with bytes in it. */
export function protobufField(number: number, content: Uint8Array): Buffer {
  return Buffer.from(
    protobuf.Writer.create()
      .uint32((number << 3) | 2)
      .bytes(content)
      .finish(),
  )
}

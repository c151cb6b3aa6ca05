/**
 * Writes protocol buffers (the wire format of proto2 and proto3) field by field: each function gives the bytes of one field,
 * and a message is its fields one after the other. Field numbers come from the `.proto` file of the format.
 */

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH = 2;
const FIXED_32 = 5;

/** An integer, int64 in the `.proto`; negative ones take ten bytes. */
export function intField(number: number, value: number): Uint8Array {
  return Buffer.concat([tag(number, VARINT), varint(BigInt(value))]);
}

export function doubleField(number: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([tag(number, FIXED_64), bytes]);
}

export function floatField(number: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([tag(number, FIXED_32), bytes]);
}

export function bytesField(number: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([tag(number, LENGTH), varint(BigInt(value.length)), value]);
}

export function textField(number: number, value: string): Uint8Array {
  return bytesField(number, Buffer.from(value));
}

export function messageField(number: number, fields: readonly Uint8Array[]): Uint8Array {
  return bytesField(number, Buffer.concat(fields));
}

function tag(number: number, type: number): Uint8Array {
  return varint(BigInt(number * 8 + type));
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Uint8Array.from([...bytes, Number(rest)]);
}

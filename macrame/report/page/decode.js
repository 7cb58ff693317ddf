// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0

const ARRAYS = {
  i1: Int8Array,
  u1: Uint8Array,
  i2: Int16Array,
  u2: Uint16Array,
  i4: Int32Array,
  u4: Uint32Array,
  i8: BigInt64Array,
};

/** The bytes of a base64 text that zlib compressed. */
async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/** A column {type, data, differences} as a typed array; `differences`: each value less the one before it. */
async function decodeColumn(column) {
  const values = new ARRAYS[column.type](await inflate(column.data));
  if (column.differences)
    for (let i = 1; i < values.length; i++) values[i] += values[i - 1];
  return values;
}

/** All columns of an object, by name. */
async function decodeColumns(columns) {
  const names = Object.keys(columns);
  const values = await Promise.all(names.map((name) => decodeColumn(columns[name])));
  return Object.fromEntries(names.map((name, i) => [name, values[i]]));
}

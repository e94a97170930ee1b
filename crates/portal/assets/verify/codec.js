// The encodings of a licence code, both ways: Base45 (RFC 9285), zlib, the CBOR (RFC 8949) these
// structures use, and COSE_Sign1 with ES256 (RFC 9052). No dependency; runs on the phone and on the
// inspector's page, without a network.

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
// What a code may inflate to, and a status list.
export const CODE_BYTES = 16 * 1024;
export const LIST_BYTES = 2 * 1024 * 1024;
const DEPTH = 16;

const text = new TextEncoder();
const words = new TextDecoder("utf-8", { fatal: true });

export class Malformed extends Error {}

export function toBase45(bytes) {
  let out = "";
  for (let at = 0; at < bytes.length; at += 2) {
    const isPair = at + 1 < bytes.length;
    let rest = isPair ? bytes[at] * 256 + bytes[at + 1] : bytes[at];
    for (let digit = 0; digit < (isPair ? 3 : 2); digit += 1) {
      out += ALPHABET[rest % 45];
      rest = Math.floor(rest / 45);
    }
  }
  return out;
}

export function fromBase45(code) {
  const out = [];
  for (let at = 0; at < code.length; at += 3) {
    const group = [...code.slice(at, at + 3)].map((letter) => ALPHABET.indexOf(letter));
    if (group.length === 1 || group.includes(-1)) throw new Malformed("base45");
    const number = group[0] + group[1] * 45 + (group[2] ?? 0) * 2025;
    if (number > (group.length === 3 ? 0xffff : 0xff)) throw new Malformed("base45");
    if (group.length === 3) out.push(number >> 8);
    out.push(number & 0xff);
  }
  return Uint8Array.from(out);
}

export function fromBase64url(code) {
  const plain = atob(code.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

export function toBase64url(bytes) {
  let plain = "";
  for (const byte of bytes) plain += String.fromCharCode(byte);
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function through(bytes, stream, most) {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const parts = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) {
      await reader.cancel();
      throw new Malformed("too large");
    }
    parts.push(value);
  }
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export async function inflate(bytes, most) {
  try {
    return await through(bytes, new DecompressionStream("deflate"), most);
  } catch {
    throw new Malformed("zlib");
  }
}

export const deflate = (bytes) => through(bytes, new CompressionStream("deflate"), LIST_BYTES);

export function join(...parts) {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function head(major, number) {
  if (number < 24) return Uint8Array.of((major << 5) | number);
  if (number < 0x100) return Uint8Array.of((major << 5) | 24, number);
  if (number < 0x10000) return Uint8Array.of((major << 5) | 25, number >> 8, number & 0xff);
  const out = new Uint8Array(5);
  out[0] = (major << 5) | 26;
  new DataView(out.buffer).setUint32(1, number);
  return out;
}

// CBOR of whole numbers, texts, bytes, arrays and maps (Map).
export function toCbor(value) {
  if (typeof value === "number") return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === "string") {
    const bytes = text.encode(value);
    return join(head(3, bytes.length), bytes);
  }
  if (value instanceof Uint8Array) return join(head(2, value.length), value);
  if (Array.isArray(value)) return join(head(4, value.length), ...value.map(toCbor));
  const pairs = [...value].flatMap(([key, inner]) => [toCbor(key), toCbor(inner)]);
  return join(head(5, value.size), ...pairs);
}

// One CBOR value with definite lengths; anything after it, or any key given twice, is refused.
export function fromCbor(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const need = (count) => {
    if (at + count > bytes.length) throw new Malformed("cbor");
    at += count;
    return at - count;
  };
  const argument = (info) => {
    if (info < 24) return info;
    if (info === 24) return view.getUint8(need(1));
    if (info === 25) return view.getUint16(need(2));
    if (info === 26) return view.getUint32(need(4));
    if (info === 27) {
      const number = Number(view.getBigUint64(need(8)));
      if (Number.isSafeInteger(number)) return number;
    }
    throw new Malformed("cbor");
  };
  const read = (depth) => {
    if (depth > DEPTH) throw new Malformed("cbor");
    const first = view.getUint8(need(1));
    const major = first >> 5;
    if (major === 7) {
      const simple = { 20: false, 21: true, 22: null }[first & 31];
      if (simple === undefined) throw new Malformed("cbor");
      return simple;
    }
    const number = argument(first & 31);
    if (major === 0) return number;
    if (major === 1) return -1 - number;
    if (major === 2 || major === 3) {
      const start = need(number);
      const part = bytes.subarray(start, start + number);
      return major === 2 ? part : words.decode(part);
    }
    if (major === 6) return { tag: number, value: read(depth + 1) };
    if (number > bytes.length) throw new Malformed("cbor");
    if (major === 4) return Array.from({ length: number }, () => read(depth + 1));
    const map = new Map();
    for (let pair = 0; pair < number; pair += 1) {
      const key = read(depth + 1);
      if (map.has(key)) throw new Malformed("cbor");
      map.set(key, read(depth + 1));
    }
    return map;
  };
  let value;
  try {
    value = read(0);
  } catch (error) {
    throw error instanceof Malformed ? error : new Malformed("cbor");
  }
  if (at !== bytes.length) throw new Malformed("cbor");
  return value;
}

const SIGNED = (protectedHeader, payload) => toCbor(["Signature1", protectedHeader, new Uint8Array(), payload]);

// A COSE_Sign1 taken apart, its algorithm pinned to ES256.
export function fromCose(bytes) {
  let value = fromCbor(bytes);
  if (value?.tag === 18) value = value.value;
  if (!Array.isArray(value) || value.length !== 4) throw new Malformed("cose");
  const [protectedHeader, , payload, signature] = value;
  if (![protectedHeader, payload, signature].every((part) => part instanceof Uint8Array)) throw new Malformed("cose");
  const header = fromCbor(protectedHeader);
  if (!(header instanceof Map) || header.get(1) !== -7 || header.has(2)) throw new Malformed("cose");
  return { header, payload, signature, signed: SIGNED(protectedHeader, payload) };
}

// Signs with `sign(bytes)`, which gives raw r and s.
export async function toCose(payload, sign) {
  const protectedHeader = toCbor(new Map([[1, -7]]));
  const signature = await sign(SIGNED(protectedHeader, payload));
  return toCbor([protectedHeader, new Map(), payload, signature]);
}

// Whether the P-256 key with coordinates x and y signed it.
export async function verifyEs256({ x, y }, signature, signed) {
  try {
    const jwk = { kty: "EC", crv: "P-256", x: toBase64url(x), y: toBase64url(y) };
    const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, signed);
  } catch {
    return false;
  }
}

export const PAPER = "CW1:";
export const SCREEN = "CW2:";
export const NONCE = -65538;
export const WRAPPED = -65539;

// The pass inside a second structure signed by this phone now, in seconds since 1970.
export async function showPass(paper, sign, now = Math.floor(Date.now() / 1000)) {
  const pass = await inflate(fromBase45(paper.slice(PAPER.length)), CODE_BYTES);
  const payload = toCbor(
    new Map([
      [6, now],
      [NONCE, crypto.getRandomValues(new Uint8Array(8))],
      [WRAPPED, pass],
    ]),
  );
  return SCREEN + toBase45(await deflate(await toCose(payload, sign)));
}

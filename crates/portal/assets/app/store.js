// What this phone keeps: its key, who it belongs to, and its licences. The key is made here and
// cannot leave: WebCrypto keeps the private half out of reach of every script, ours included.

const NAME = "causeway-wallet";
const VERSION = 1;

function asked(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function open() {
  const request = indexedDB.open(NAME, VERSION);
  request.onupgradeneeded = () => {
    const base = request.result;
    base.createObjectStore("kept");
    base.createObjectStore("licences", { keyPath: "id" });
  };
  return asked(request);
}

// The database of this phone. `kept` holds single things by name, `licences` one row a licence.
export async function openDb() {
  const base = await open();
  const table = (name, mode) => base.transaction(name, mode).objectStore(name);
  return {
    get: (key) => asked(table("kept", "readonly").get(key)),
    put: (key, value) => asked(table("kept", "readwrite").put(value, key)),
    drop: (key) => asked(table("kept", "readwrite").delete(key)),
    licences: {
      all: () => asked(table("licences", "readonly").getAll()),
      get: (id) => asked(table("licences", "readonly").get(id)),
      put: (row) => asked(table("licences", "readwrite").put(row)),
      drop: (id) => asked(table("licences", "readwrite").delete(id)),
      clear: () => asked(table("licences", "readwrite").clear()),
    },
  };
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };

export function bytesToText(bytes) {
  let text = "";
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export async function sha256(bytes) {
  return bytesToText(await crypto.subtle.digest("SHA-256", bytes));
}

// A key of this phone with what the outside may know of it.
async function describe(keys) {
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", keys.publicKey);
  const canonical = `{"crv":"${crv}","kty":"${kty}","x":"${x}","y":"${y}"}`;
  const thumbprint = await sha256(new TextEncoder().encode(canonical));
  return {
    publicJwk: { kty, crv, x, y },
    thumbprint,
    async sign(bytes) {
      const way = { name: "ECDSA", hash: "SHA-256" };
      return new Uint8Array(await crypto.subtle.sign(way, keys.privateKey, bytes));
    },
  };
}

// The phone's key, or nothing when the phone was never set up.
export async function findKey(db) {
  const keys = await db.get("key");
  return keys ? describe(keys) : null;
}

// A fresh key. A phone that is set up again never keeps its old one.
export async function makeKey(db) {
  const keys = await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
  await db.put("key", keys);
  return describe(keys);
}

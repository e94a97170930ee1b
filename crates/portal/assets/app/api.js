// Talks to the platform. Each request carries a proof: a JWS by the phone's key over method, path,
// body and time. There is no cookie and no password.

import { bytesToText, sha256 } from "./store.js";

const text = new TextEncoder();
// Seconds between this phone's clock and the platform's, learnt from its answers.
let skew = 0;

export function now() {
  return Math.floor(Date.now() / 1000) + skew;
}

function random() {
  return bytesToText(crypto.getRandomValues(new Uint8Array(16)));
}

function part(value) {
  return bytesToText(text.encode(JSON.stringify(value)));
}

// A compact JWS over `payload`.
async function seal(key, typ, payload, isNew) {
  const named = isNew ? { jwk: key.publicJwk } : { kid: key.thumbprint };
  const input = `${part({ alg: "ES256", typ, ...named })}.${part(payload)}`;
  return `${input}.${bytesToText(await key.sign(text.encode(input)))}`;
}

// What went wrong, in words for the person.
export class Problem extends Error {
  constructor(status, body) {
    super(body.title ?? "");
    this.status = status;
    this.code = body.code ?? "";
    this.advice = body.detail ?? "";
    // Names of the fields whose values were refused.
    this.fields = body.fields ?? [];
  }
}

async function once(key, path, options) {
  const method = options.method ?? "GET";
  const body = options.body === undefined ? "" : JSON.stringify(options.body);
  const proof = await seal(
    key,
    "causeway-device-proof+jwt",
    { htm: method, htu: path.split("?")[0], iat: now(), jti: random(), body: await sha256(text.encode(body)) },
    options.isNew,
  );
  const headers = { "device-proof": proof, accept: "application/json", "accept-language": options.lang };
  if (body) headers["content-type"] = "application/json";
  return fetch(path, { method, headers, body: body || undefined, credentials: "omit", cache: "no-store" });
}

// One request. When the phone's clock is wrong, the second try uses the platform's.
export async function call(key, path, options = {}) {
  let answer = await once(key, path, options);
  if (answer.status === 401) {
    const date = Date.parse(answer.headers.get("date") ?? "");
    const drift = Math.round(date / 1000) - now();
    if (Number.isFinite(drift) && Math.abs(drift) > 5) {
      skew += drift;
      answer = await once(key, path, options);
    }
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, body);
  return body;
}

// What this phone shows of its holder: `check` is face or card, made for `binding` and nothing else. A
// real app sends what its camera or its card reader made.
export function simulated(check, binding) {
  return { method: "simulated", evidence: bytesToText(text.encode(`${check}:${binding}`)) };
}

// The signed answer to an approval: exactly what the screen shows.
export async function decide(key, shown, decision) {
  return seal(key, "causeway-approval+jwt", {
    approval: shown.id,
    purpose: shown.purpose,
    digest: shown.digest,
    code: shown.code,
    decision,
    iat: now(),
    jti: random(),
  });
}

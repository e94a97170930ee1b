// Checks a licence code without a network: signatures, dates and status, against a trust list and
// status lists that were fetched and verified before. The worst true thing is said first, in the
// same words as the server says it.

import {
  CODE_BYTES, LIST_BYTES, Malformed, PAPER, SCREEN, WRAPPED,
  fromBase45, fromBase64url, fromCbor, fromCose, inflate, verifyEs256,
} from "./codec.js";

const SCREEN_SECONDS = 60;
const AHEAD_SECONDS = 30;
const CODE_CHARS = 4296;
const STATUS = 65535;
const LICENCE = -65537;
const LIST = 65533;
const TTL = 65534;
const LIGHTS = {
  valid: "green",
  valid_on_paper: "amber",
  screen_stale: "amber",
  credential_suspended: "amber",
  credential_premature: "amber",
  unresolvable_status_list: "amber",
};

class Refused extends Error {
  constructor(outcome) {
    super(outcome);
    this.outcome = outcome;
  }
}

const verdict = (outcome, more = {}) => ({ outcome, light: LIGHTS[outcome] ?? "red", licence: null, ...more });
const number = (value) => {
  if (!Number.isSafeInteger(value)) throw new Malformed("claims");
  return value;
};

function claimsOf(payload) {
  const claims = fromCbor(payload);
  if (!(claims instanceof Map)) throw new Malformed("claims");
  return claims;
}

// Opens the inner pass: by a key of the trust list with its short id.
async function openPass(bytes, trust) {
  const pass = fromCose(bytes);
  const kid = pass.header.get(4);
  const short = kid instanceof Uint8Array ? btoa(String.fromCharCode(...kid)) : "";
  const keys = trust.issuers.flatMap((issuer) => issuer.keys);
  const named = keys.filter((key) => btoa(String.fromCharCode(...fromBase64url(key.kid))) === short);
  if (named.length === 0) throw new Refused("issuer_not_accepted");
  for (const key of named) {
    const point = { x: fromBase64url(key.x), y: fromBase64url(key.y) };
    if (await verifyEs256(point, pass.signature, pass.signed)) return claimsOf(pass.payload);
  }
  throw new Refused("credential_invalid");
}

async function read(code, trust, now) {
  if (code.length > CODE_CHARS) throw new Malformed("too long");
  if (code.startsWith(PAPER)) {
    const bytes = await inflate(fromBase45(code.slice(PAPER.length)), CODE_BYTES);
    return { claims: await openPass(bytes, trust), age: null };
  }
  if (!code.startsWith(SCREEN)) throw new Malformed("prefix");
  const outer = fromCose(await inflate(fromBase45(code.slice(SCREEN.length)), CODE_BYTES));
  const shown = claimsOf(outer.payload);
  if (!(shown.get(WRAPPED) instanceof Uint8Array)) throw new Malformed("claims");
  const claims = await openPass(shown.get(WRAPPED), trust);
  const key = claims.get(8)?.get(1);
  const point = { x: key?.get(-2), y: key?.get(-3) };
  if (!(await verifyEs256(point, outer.signature, outer.signed))) throw new Refused("holder_binding_mismatch");
  return { claims, age: now - number(shown.get(6)) };
}

// The entry of a status list: null when the list is not held.
function entry(lists, reference) {
  const list = lists[reference?.get("uri")];
  const index = reference?.get("idx");
  if (!list || !Number.isSafeInteger(index) || index < 0 || index >> 2 >= list.entries.length) return null;
  return (list.entries[index >> 2] >> ((index & 3) * 2)) & 3;
}

function today(now) {
  return new Date((now + 8 * 3600) * 1000).toISOString().slice(0, 10);
}

function judge(claims, age, status, now) {
  if (status === 1 || status === 3) return "credential_revoked";
  if (status === 2) return "credential_suspended";
  if (now >= number(claims.get(4))) return "credential_expired";
  if (today(now) < claims.get(LICENCE).get("valid_from")) return "credential_premature";
  if (status === null) return "unresolvable_status_list";
  if (age === null) return "valid_on_paper";
  return age >= -AHEAD_SECONDS && age <= SCREEN_SECONDS ? "valid" : "screen_stale";
}

const plain = (value) => (Array.isArray(value) ? value.map(plain).join(", ") : String(value ?? ""));

function shownLicence(claims, trust, lang) {
  const licence = claims.get(LICENCE);
  const issuer = trust.issuers.find((one) => one.iss === claims.get(1)) ?? trust.issuers[0];
  const kind = issuer?.kinds[licence.get("kind")];
  const given = licence.get("claims") ?? new Map();
  return {
    title: kind?.title[lang] ?? licence.get("kind"),
    authority: kind?.authority[lang] ?? "",
    number: licence.get("number"),
    valid_from: licence.get("valid_from"),
    valid_until: licence.get("valid_until") ?? null,
    claims: [...given].map(([name, value]) => ({ name, label: kind?.claims[name]?.[lang] ?? name, value: plain(value) })),
  };
}

// Checks `code`. `data` holds the trust list and the lists; see data.js.
export async function checkCode(code, data, lang, now = Math.floor(Date.now() / 1000)) {
  try {
    const { claims, age } = await read(code.trim(), data.trust, now);
    if (!(claims.get(LICENCE) instanceof Map)) throw new Malformed("claims");
    const status = entry(data.lists, claims.get(STATUS)?.get("status_list"));
    const outcome = judge(claims, age, status, now);
    const licence = shownLicence(claims, data.trust, lang);
    return verdict(outcome, { licence, screen_age_seconds: age });
  } catch (error) {
    return verdict(error instanceof Refused ? error.outcome : "invalid_format");
  }
}

// A signed trust list under one of the anchors (JWKs the page came with).
export async function openTrustList(token, anchors, now = Math.floor(Date.now() / 1000)) {
  const [head, body, signature] = token.split(".");
  const header = JSON.parse(new TextDecoder().decode(fromBase64url(head)));
  if (header.alg !== "ES256" || header.typ !== "causeway-trust-list+jwt" || header.crit) throw new Malformed("trust list");
  const signed = new TextEncoder().encode(`${head}.${body}`);
  for (const key of anchors) {
    const point = { x: fromBase64url(key.x), y: fromBase64url(key.y) };
    if (await verifyEs256(point, fromBase64url(signature), signed)) {
      const list = JSON.parse(new TextDecoder().decode(fromBase64url(body)));
      if (list.exp <= now) throw new Malformed("trust list expired");
      return list;
    }
  }
  throw new Malformed("trust list signature");
}

// A status list token (CWT) at `uri`, under a status key of the trust list.
export async function openStatusList(bytes, uri, trust, now = Math.floor(Date.now() / 1000)) {
  const token = fromCose(bytes);
  if (token.header.get(16) !== "application/statuslist+cwt") throw new Malformed("status list");
  for (const key of trust.status_keys) {
    const point = { x: fromBase64url(key.x), y: fromBase64url(key.y) };
    if (!(await verifyEs256(point, token.signature, token.signed))) continue;
    const claims = claimsOf(token.payload);
    const list = claims.get(LIST);
    if (claims.get(2) !== uri || claims.get(4) <= now || list?.get("bits") !== 2) throw new Malformed("status list");
    return { issued: claims.get(6), ttl: claims.get(TTL), expires: claims.get(4), entries: await inflate(list.get("lst"), LIST_BYTES) };
  }
  throw new Malformed("status list signature");
}

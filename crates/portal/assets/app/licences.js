// The licences on this phone: fetching them by OpenID4VCI, keeping them, and showing them as a code
// that this phone signs anew every half minute. Kept licences open without a network.

import { now } from "./api.js";
import { bytesToText } from "./store.js";
import { busy, h, problemBox, say, show, summary } from "./dom.js";
import { showPass } from "../verify/codec.js";
import { qrcode } from "../verify/qrcode.js";

const GRANT = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
const SIGN_EVERY = 30;
const TICK_MS = 1000;
const SVG = "http://www.w3.org/2000/svg";

const text = new TextEncoder();
const part = (value) => bytesToText(text.encode(JSON.stringify(value)));

// A refusal of the issuer, with words for the person.
class Refused extends Error {
  constructor(word, t) {
    super(t("licence.refused.title"));
    this.word = word;
    this.status = 400;
    this.advice = t(word === "invalid_grant" ? "licence.refused.used" : "licence.refused.words");
  }
}

// The protocol's addresses as paths of this very site, whatever name it calls itself by.
function here(address) {
  const { pathname, search } = new URL(address, location.origin);
  return pathname + search;
}

async function ask(path, t, options = {}) {
  const answer = await fetch(here(path), { cache: "no-store", credentials: "omit", ...options });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(body.error ?? "unknown", t);
  return body;
}

// OpenID4VCI 1.0 section 12.2.2: the well-known part goes between host and path.
function wellKnown(name, issuer) {
  const { pathname } = new URL(issuer, location.origin);
  return `/.well-known/${name}${pathname === "/" ? "" : pathname}`;
}

export async function readOffer(uri, t) {
  return ask(uri, t);
}

async function proof(wallet, issuer, nonce) {
  const head = part({ alg: "ES256", typ: "openid4vci-proof+jwt", jwk: wallet.publicJwk });
  const body = part({ aud: issuer, iat: now(), nonce });
  const signature = await wallet.sign(text.encode(`${head}.${body}`));
  return `${head}.${body}.${bytesToText(signature)}`;
}

async function credential(wallet, metadata, token, configuration) {
  const { c_nonce: nonce } = await ask(metadata.nonce_endpoint, wallet.t, { method: "POST" });
  const body = {
    credential_configuration_id: configuration,
    proofs: { jwt: [await proof(wallet, metadata.credential_issuer, nonce)] },
  };
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return ask(metadata.credential_endpoint, wallet.t, { method: "POST", headers, body: JSON.stringify(body) });
}

// From offer to credential. A nonce that ran out on the way is fetched once more.
export async function fetchCredential(wallet, offer, txCode) {
  const { t } = wallet;
  const metadata = await ask(wellKnown("openid-credential-issuer", offer.credential_issuer), t);
  const server = await ask(wellKnown("oauth-authorization-server", metadata.authorization_servers?.[0] ?? offer.credential_issuer), t);
  const form = new URLSearchParams({ grant_type: GRANT, "pre-authorized_code": offer.grants[GRANT]["pre-authorized_code"] });
  if (txCode) form.set("tx_code", txCode);
  const { access_token: token } = await ask(server.token_endpoint, t, { method: "POST", body: form });
  const [configuration] = offer.credential_configuration_ids;
  let answer;
  try {
    answer = await credential(wallet, metadata, token, configuration);
  } catch (problem) {
    if (problem.word !== "invalid_nonce") throw problem;
    answer = await credential(wallet, metadata, token, configuration);
  }
  await notify(wallet, metadata, token, answer.notification_id);
  return answer.credentials[0];
}

async function notify(wallet, metadata, token, id) {
  if (!metadata.notification_endpoint || !id) return;
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = JSON.stringify({ notification_id: id, event: "credential_accepted" });
  await fetch(here(metadata.notification_endpoint), { method: "POST", headers, body, credentials: "omit" }).catch(() => {});
}

// What the disclosures of an SD-JWT VC say.
function disclosed(sdJwt) {
  const claims = {};
  for (const disclosure of sdJwt.split("~").slice(1).filter(Boolean)) {
    const plain = atob(disclosure.replaceAll("-", "+").replaceAll("_", "/"));
    const [, name, value] = JSON.parse(new TextDecoder().decode(Uint8Array.from(plain, (letter) => letter.charCodeAt(0))));
    claims[name] = value;
  }
  return claims;
}

// The licences as the platform knows them, and what is kept here; without a network, what is kept.
async function gather(wallet) {
  const kept = new Map((await wallet.db.licences.all()).map((row) => [row.id, row]));
  try {
    const { licences } = await wallet.api("/app/api/licences");
    for (const licence of licences) {
      const row = kept.get(licence.id);
      if (row) await wallet.db.licences.put(Object.assign(row, { ...licence }));
      else kept.set(licence.id, licence);
    }
    for (const id of [...kept.keys()]) {
      if (!licences.some((licence) => licence.id === id)) {
        await wallet.db.licences.drop(id);
        kept.delete(id);
      }
    }
    return { rows: [...kept.values()], isOffline: false };
  } catch (problem) {
    if (problem.status) throw problem;
    return { rows: [...kept.values()], isOffline: true };
  }
}

async function keep(wallet, licence, issued) {
  const row = {
    ...licence,
    is_here: true,
    is_elsewhere: false,
    thumbprint: wallet.thumbprint,
    credential: issued.credential,
    pass: issued.causeway_pass,
    claims: disclosed(issued.credential),
  };
  await wallet.db.licences.put(row);
  return row;
}

const isUsable = (row, wallet) => row.pass && row.is_here && row.thumbprint === wallet.thumbprint;
const say3 = (words, wallet) => words?.[wallet.lang] ?? words?.en ?? "";
const plain = (value) => (Array.isArray(value) ? value.join(", ") : String(value ?? ""));

function stateTag(row, wallet) {
  const kinds = { live: "good", suspended: "wait", revoked: "bad", expired: "bad" };
  return h("span", { class: `tag tag-${kinds[row.state] ?? "info"}` }, wallet.t(`licence.state.${row.state}`));
}

function card(row, wallet, acts) {
  const { t } = wallet;
  const isHeld = isUsable(row, wallet);
  const can = row.state === "live" || row.state === "suspended" || row.state === "expired";
  const words = row.is_elsewhere ? "licence.move" : "licence.collect";
  const button = isHeld
    ? h("button", { class: "btn btn-primary", type: "button", onclick: () => acts.open(row) }, t("licence.show"))
    : can
      ? h("button", { class: "btn btn-primary", type: "button" }, t(words))
      : null;
  if (!isHeld && button) button.addEventListener("click", busy(button, () => acts.collect(row)));
  return h(
    "section",
    { class: "licence", "data-licence": row.id, "data-state": row.state },
    h("h2", {}, say3(row.title, wallet), " ", stateTag(row, wallet)),
    summary(
      [
        [t("licence.number"), row.number],
        [t("licence.authority"), say3(row.authority, wallet)],
        row.valid_until ? [t("licence.until"), row.valid_until] : null,
      ].filter(Boolean),
      say3(row.title, wallet),
    ),
    !isHeld && row.is_elsewhere ? h("p", { class: "hint" }, t("licence.elsewhere")) : null,
    button ? h("p", {}, button) : null,
  );
}

// One square per module in one path: sharp at every size, and no style the page's policy forbids.
function draw(code, label) {
  const qr = qrcode(0, "L");
  qr.addData(code, "Alphanumeric");
  qr.make();
  const count = qr.getModuleCount();
  const quiet = 4;
  let path = "";
  for (let row = 0; row < count; row += 1) {
    for (let column = 0; column < count; column += 1) {
      if (qr.isDark(row, column)) path += `M${column + quiet} ${row + quiet}h1v1h-1z`;
    }
  }
  const size = count + 2 * quiet;
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges", class: "licence-code" })) {
    svg.setAttribute(name, value);
  }
  for (const [name, attributes] of [["rect", { width: size, height: size, fill: "#fff" }], ["path", { d: path, fill: "#000" }]]) {
    const shape = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    svg.append(shape);
  }
  return svg;
}

function facts(row, wallet) {
  const { t } = wallet;
  const labels = Object.fromEntries((row.labels ?? []).map((label) => [label.name, say3(label.words, wallet)]));
  const shown = Object.entries(row.claims).filter(([name]) => name !== "number");
  return summary(
    [
      [t("licence.number"), row.number],
      ...shown.map(([name, value]) => [labels[name] ?? name, plain(value)]),
      [t("licence.from"), row.valid_from],
      row.valid_until ? [t("licence.until"), row.valid_until] : null,
    ].filter(Boolean),
    say3(row.title, wallet),
  );
}

// Shows one licence with its code; returns how to stop signing.
function licenceView(root, wallet, row, back) {
  const { t } = wallet;
  const place = h("div", { class: "licence-holder" });
  const left = h("p", { class: "licence-left", role: "timer" });
  let until = 0;
  let isSigning = false;
  const sign = async () => {
    isSigning = true;
    try {
      const code = await showPass(row.pass, wallet.sign, now());
      place.replaceChildren(draw(code, t("licence.code")));
      place.dataset.code = code;
      until = Date.now() + SIGN_EVERY * 1000;
    } catch {
      place.replaceChildren(h("p", { role: "alert" }, t("licence.unsigned")));
      until = Date.now() + SIGN_EVERY * 1000;
    }
    isSigning = false;
  };
  const tick = () => {
    const seconds = Math.ceil((until - Date.now()) / 1000);
    if (seconds <= 0 && !isSigning) sign();
    left.textContent = t("licence.left", { seconds: Math.max(0, seconds) });
  };
  show(
    root,
    h("p", {}, h("button", { class: "as-link", type: "button", onclick: back }, t("licence.back"))),
    h("h1", {}, say3(row.title, wallet)),
    h("p", {}, stateTag(row, wallet)),
    place,
    left,
    h("p", { class: "hint" }, t("licence.how")),
    facts(row, wallet),
  );
  tick();
  const timer = setInterval(tick, TICK_MS);
  return () => clearInterval(timer);
}

// Asks for the six digits an offer from elsewhere needs.
function digitsForm(wallet, done) {
  const { t } = wallet;
  const input = h("input", { id: "tx-code", inputmode: "numeric", autocomplete: "one-time-code", maxlength: "6", pattern: "[0-9]{6}", required: true });
  const button = h("button", { class: "btn btn-primary" }, t("licence.digits.button"));
  const form = h(
    "form",
    { class: "field" },
    h("label", { for: "tx-code" }, t("licence.digits")),
    h("p", { class: "hint" }, t("licence.digits.hint")),
    input,
    h("p", {}, button),
  );
  form.addEventListener("submit", busy(button, async (event) => {
    event.preventDefault();
    await done(input.value.trim());
  }));
  return form;
}

export async function licencesView(root, wallet) {
  const { t } = wallet;
  let stop = null;
  const trouble = h("div");

  const fail = (problem) => {
    const box = problemBox(problem.status ? problem : { message: t("offline.title"), advice: t("offline.words") }, t);
    trouble.replaceChildren(box);
    box.focus();
  };

  const open = (row) => {
    stop?.();
    stop = licenceView(root, wallet, row, () => list());
  };

  const fetchRow = async (row, offer, txCode) => {
    const issued = await fetchCredential(wallet, offer, txCode);
    say(t("licence.arrived"));
    open(await keep(wallet, row, issued));
  };

  const collect = async (row) => {
    try {
      const { credential_offer_uri: uri } = await wallet.api(`/app/api/licences/${row.id}/collect`, { method: "POST" });
      await fetchRow(row, await readOffer(uri, t));
    } catch (problem) {
      fail(problem);
    }
  };

  // An offer that came by a link or a scanned code: its licence is the one the platform lists with
  // the same kind that is not on this phone yet.
  const takeOffer = async (rows) => {
    const uri = sessionStorage.getItem("offer");
    if (!uri) return null;
    sessionStorage.removeItem("offer");
    const offer = await readOffer(uri, t);
    const [kind] = offer.credential_configuration_ids;
    const row = rows.find((one) => one.kind === kind && !isUsable(one, wallet)) ?? rows.find((one) => one.kind === kind);
    if (!row) throw new Refused("unknown", t);
    if (!offer.grants[GRANT].tx_code) {
      await fetchRow(row, offer);
      return null;
    }
    return digitsForm(wallet, (digits) => fetchRow(row, offer, digits).catch(fail));
  };

  const list = async () => {
    stop?.();
    stop = null;
    trouble.replaceChildren();
    const { rows, isOffline } = await gather(wallet);
    let form = null;
    try {
      form = isOffline ? null : await takeOffer(rows);
    } catch (problem) {
      fail(problem);
    }
    if (stop) return;
    const acts = { open, collect };
    show(
      root,
      h("h1", {}, t("tab.licences")),
      trouble,
      isOffline ? h("p", { class: "hint" }, t("licence.offline")) : null,
      form,
      ...(rows.length ? rows.map((row) => card(row, wallet, acts)) : [h("p", { class: "empty" }, t("licence.none"))]),
    );
  };

  await list();
  return () => stop?.();
}

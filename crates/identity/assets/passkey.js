// Passkeys on a page that works without them: asks the browser's credential manager, puts its answer into
// a form and sends that. What the server gives is JSON with bytes in base64url.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const named = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

const asked = (json) => ({ ...json, challenge: bytes(json.challenge), allowCredentials: named(json.allowCredentials) });
const wanted = (json) => ({
  ...json,
  challenge: bytes(json.challenge),
  user: { ...json.user, id: bytes(json.user.id) },
  excludeCredentials: named(json.excludeCredentials),
});

// The answer as WebAuthn section 5.1 writes it in JSON.
const told = (credential) => {
  const response = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[part]) response[part] = text(credential.response[part]);
  }
  const transports = credential.response.getTransports?.();
  if (transports) response.transports = transports;
  const extensions = credential.getClientExtensionResults();
  const { id, type } = credential;
  return JSON.stringify({ id, rawId: text(credential.rawId), type, response, extensions });
};

const send = (form, credential) => {
  form.elements.credential.value = told(credential);
  form.submit();
};

const challenge = async (about) => {
  const answer = await fetch("/passkeys/challenge", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(about),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
};

// One request at a time: the browser refuses a second while the first waits behind the box.
let waiting;
const ask = async (form, about, mediation) => {
  waiting?.abort();
  waiting = new AbortController();
  const { signal } = waiting;
  const { ceremony, options } = await challenge(about);
  form.elements.ceremony.value = ceremony;
  const publicKey = asked(JSON.parse(options));
  const credential = await navigator.credentials.get({ publicKey, signal, ...(mediation && { mediation }) });
  if (credential) send(form, credential);
};

const failing = (place, work) => async () => {
  const failed = place.querySelector("[data-passkey-failed]");
  failed.hidden = true;
  try {
    await work();
  } catch (error) {
    if (error.name !== "AbortError") failed.hidden = false;
  }
};

const signIn = async (place) => {
  const form = place.querySelector("[data-passkey-form]");
  place.hidden = false;
  const button = place.querySelector("[data-passkey-ask]");
  button.addEventListener("click", failing(place, () => ask(form, { kind: "sign_in" })));
  if (await PublicKeyCredential.isConditionalMediationAvailable?.()) {
    place.querySelector("[data-passkey-offer]").hidden = false;
    // Quiet: it waits behind the box, and whoever never touches the box need not hear of it.
    ask(form, { kind: "sign_in" }, "conditional").catch(() => {});
  }
};

const confirm = (place) => {
  const form = place.closest("form") ?? place.querySelector("form");
  place.hidden = false;
  const button = place.querySelector("[data-passkey-ask]");
  button.addEventListener("click", failing(place, () => form.reportValidity() && ask(form, { kind: "confirm" })));
};

const ready = (place) => {
  for (const part of place.querySelectorAll("[data-passkey-can]")) part.hidden = false;
  for (const part of place.querySelectorAll("[data-passkey-cannot]")) part.hidden = true;
};

// The challenge names what is approved: see identity/src/assertion.rs.
const approve = (place) => {
  ready(place);
  const approval = place.dataset.passkeyApprove;
  const sign = () => ask(place.querySelector("form"), { kind: "approve", approval });
  place.querySelector("[data-passkey-ask]").addEventListener("click", failing(place, sign));
};

const add = (place) => {
  const form = place.querySelector("form");
  ready(place);
  const publicKey = () => wanted(JSON.parse(place.dataset.passkeyAdd));
  const make = async () => send(form, await navigator.credentials.create({ publicKey: publicKey() }));
  place.querySelector("[data-passkey-ask]").addEventListener("click", failing(place, make));
};

// Signal methods of WebAuthn Level 3: the credential manager stops offering what signs in no more.
const signal = (name, what) => PublicKeyCredential[name]?.(what)?.catch?.(() => {});

if (globalThis.PublicKeyCredential) {
  for (const place of document.querySelectorAll("[data-passkey-in]")) signIn(place);
  for (const place of document.querySelectorAll("[data-passkey-confirm]")) confirm(place);
  for (const place of document.querySelectorAll("[data-passkey-add]")) add(place);
  for (const place of document.querySelectorAll("[data-passkey-approve]")) approve(place);
  for (const { dataset } of document.querySelectorAll("[data-passkey-unknown]")) {
    const { passkeyUnknown: credentialId, passkeySite: rpId } = dataset;
    if (credentialId) signal("signalUnknownCredential", { rpId, credentialId });
  }
  for (const { dataset } of document.querySelectorAll("[data-passkey-known]")) {
    const { passkeyKnown, passkeyUser: userId, passkeySite: rpId } = dataset;
    const allAcceptedCredentialIds = passkeyKnown.split(" ").filter(Boolean);
    signal("signalAllAcceptedCredentials", { rpId, userId, allAcceptedCredentialIds });
  }
}

// What the inspector's page checks against: the signed trust list and all status lists, fetched when
// there is a network and kept for when there is none. Lists are fetched whole, never for one licence,
// so that nobody learns who is being checked.

import { openStatusList, openTrustList } from "./check.js";

const NAME = "causeway-verify";

function asked(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function open() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore("kept");
  const base = await asked(request);
  const table = (mode) => base.transaction("kept", mode).objectStore("kept");
  return {
    get: (key) => asked(table("readonly").get(key)),
    put: (key, value) => asked(table("readwrite").put(value, key)),
  };
}

// The address on this very site, whatever name the site calls itself by.
const here = (address) => new URL(address).pathname;

async function fetchTrust(anchors, db) {
  const answer = await fetch("/credentials/trust-list", { cache: "no-store", credentials: "omit" });
  if (!answer.ok) throw new Error("trust list");
  const { trust_list: token } = await answer.json();
  const trust = await openTrustList(token, anchors);
  await db.put("trust", token);
  return trust;
}

async function fetchList(uri, trust, db) {
  const headers = { accept: "application/statuslist+cwt" };
  const answer = await fetch(here(uri), { headers, cache: "no-cache", credentials: "omit" });
  if (!answer.ok) throw new Error("status list");
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const list = await openStatusList(bytes, uri, trust);
  await db.put(uri, bytes);
  return list;
}

async function keptList(uri, trust, db) {
  const bytes = await db.get(uri);
  return bytes ? openStatusList(bytes, uri, trust).catch(() => null) : null;
}

// Everything needed to check, and whether it is fresh from the network.
export async function load(anchors) {
  const db = await open();
  let isFresh = true;
  let trust;
  try {
    trust = await fetchTrust(anchors, db);
  } catch {
    isFresh = false;
    const token = await db.get("trust");
    if (!token) return null;
    trust = await openTrustList(token, anchors).catch(() => null);
    if (!trust) return null;
  }
  const lists = {};
  for (const uri of trust.status_lists) {
    const list = await fetchList(uri, trust, db).catch(() => keptList(uri, trust, db));
    if (list) lists[uri] = list;
  }
  return { trust, lists, isFresh };
}

// When the oldest list was signed, in seconds since 1970; null without lists.
export function oldest(data) {
  const times = Object.values(data.lists).map((list) => list.issued);
  return times.length ? Math.min(...times) : null;
}

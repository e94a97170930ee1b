// Keeps the app's shell, so that licences open without a network. Assets carry their hash in the
// address and never change; the page and its words are asked for first and kept for the next time.
// Nothing personal is kept here: answers of /app/api are never stored.

const CACHE = "causeway-app-1";
const SHELL = ["/app", "/app/words/en", "/app/words/tc", "/app/words/sc"];

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(CACHE);
      await cache.addAll(SHELL);
      const list = await fetch("/app/shell.json");
      await cache.addAll((await list.json()).assets);
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith("causeway-app-") && name !== CACHE) await caches.delete(name);
      }
      await self.clients.claim();
    })(),
  );
});

async function assetFirst(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept) return kept;
  const fresh = await fetch(request);
  if (fresh.ok) await cache.put(request, fresh.clone());
  return fresh;
}

async function networkFirst(request, key) {
  const cache = await caches.open(CACHE);
  try {
    const fresh = await fetch(request);
    if (fresh.ok) await cache.put(key, fresh.clone());
    return fresh;
  } catch (error) {
    const kept = await cache.match(key);
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (address.pathname.startsWith("/assets/")) event.respondWith(assetFirst(request));
  else if (address.pathname === "/app") event.respondWith(networkFirst(request, "/app"));
  else if (address.pathname.startsWith("/app/words/")) event.respondWith(networkFirst(request, address.pathname));
});

// Keeps the inspector's page and its files, so that it opens without a network. The page is asked for
// from the network first; files carry a hash in their address and never change.

const CACHE = "causeway-verify-1";

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  const { shell, page } = event.data ?? {};
  if (!Array.isArray(shell)) return;
  event.waitUntil(
    (async () => {
      const cache = await caches.open(CACHE);
      for (const kept of await cache.keys()) {
        const { pathname } = new URL(kept.url);
        if (pathname.startsWith("/assets/") && !shell.includes(pathname)) await cache.delete(kept);
      }
      for (const address of [page, ...shell]) {
        if (!(await cache.match(address))) await cache.add(new Request(address, { credentials: "omit" })).catch(() => {});
      }
    })(),
  );
});

async function networkFirst(request) {
  const cache = await caches.open(CACHE);
  const { pathname } = new URL(request.url);
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await cache.match(pathname);
    if (kept) return kept;
    throw error;
  }
}

async function keptFirst(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request)) ?? fetch(request);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (address.pathname.startsWith("/assets/")) event.respondWith(keptFirst(request));
  else if (request.mode === "navigate") event.respondWith(networkFirst(request));
});

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

// The language that was last spoken here, as the app keeps it.
function spoken() {
  return new Promise((resolve) => {
    const request = indexedDB.open("causeway-wallet");
    request.onerror = () => resolve("en");
    request.onsuccess = () => {
      const base = request.result;
      const done = (value) => {
        base.close();
        resolve(value ?? "en");
      };
      if (!base.objectStoreNames.contains("kept")) return done();
      const asked = base.transaction("kept", "readonly").objectStore("kept").get("lang");
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => done();
    };
  });
}

// A call carries nothing: what is asked, the app learns from the platform when it opens.
async function ring() {
  const lang = await spoken();
  const kept = await (await caches.open(CACHE)).match(`/app/words/${lang}`);
  const words = kept ? (await kept.json()).words : {};
  await self.registration.showNotification(words["wake.ring.title"] ?? "Causeway", {
    body: words["wake.ring.words"] ?? "",
    icon: "/app/icon-192.png",
    tag: "waiting",
    renotify: true,
    lang,
  });
}

self.addEventListener("push", (event) => event.waitUntil(ring()));

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(
    (async () => {
      const open = await self.clients.matchAll({ type: "window" });
      const app = open.find((one) => new URL(one.url).pathname === "/app");
      return app ? app.focus() : self.clients.openWindow("/app");
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (address.pathname.startsWith("/assets/")) event.respondWith(assetFirst(request));
  else if (address.pathname === "/app") event.respondWith(networkFirst(request, "/app"));
  else if (address.pathname.startsWith("/app/words/")) event.respondWith(networkFirst(request, address.pathname));
});

// The phone app: which view is shown, in which language, for whom.

import { call, decide } from "./api.js";
import { h, problemBox, say, show } from "./dom.js";
import { approvalView } from "./approval.js";
import { enrolView, levelView } from "./enrol.js";
import { homeView } from "./home.js";
import { historyView, moreView } from "./more.js";
import { profileView } from "./profile.js";
import { findKey, makeKey, openDb } from "./store.js";

const LANGS = { en: "en-HK", tc: "zh-Hant-HK", sc: "zh-Hans-HK" };
const root = document.getElementById("view");
const isDemo = document.body.dataset.demo === "true";

const app = {
  db: null,
  key: null,
  me: null,
  lang: "en",
  words: {},
  isDemo,
  back: null,
  t(name, values = {}) {
    const words = app.words[name] ?? name;
    return words.replace(/\{(\w+)\}/g, (whole, slot) => values[slot] ?? whole);
  },
  // Words in three languages, as the platform sends them.
  say3: (words) => words?.[app.lang] ?? "",
  name: (name) => (app.lang === "en" ? name.en : (name.zh ?? name.en)),
  api: (path, options = {}) => call(app.key, path, { lang: LANGS[app.lang], ...options }),
  decide: (shown, decision) => decide(app.key, shown, decision),
  date: (text) => new Intl.DateTimeFormat(LANGS[app.lang], { dateStyle: "long", timeStyle: "short", timeZone: "Asia/Hong_Kong" }).format(new Date(text)),
  day: (text) => new Intl.DateTimeFormat(LANGS[app.lang], { dateStyle: "long", timeZone: "Asia/Hong_Kong" }).format(new Date(text)),
  newKey: async () => (app.key = await makeKey(app.db)),
  go: (place) => {
    if (location.hash === place) route();
    else location.hash = place;
  },
  async keep(me) {
    app.me = me;
    await app.db.put("me", me);
    frame();
  },
  async forget() {
    await app.db.drop("me");
    await app.db.drop("key");
    await app.db.licences.clear();
    app.key = null;
    app.me = null;
    frame();
    app.go("#/start");
  },
};

// What a view left running, to be stopped when another one is shown.
let stop = null;

async function route() {
  stop?.();
  stop = null;
  const [place, detail] = location.hash.replace(/^#\//, "").split("/");
  mark(place || "home");
  if (!app.me) return view(enrolView);
  switch (place) {
    case "approval":
      return view(approvalView, decodeURIComponent(detail ?? ""));
    case "licences":
      return licences();
    case "profile":
      return view(profileView);
    case "history":
      return view(historyView);
    case "level":
      return view(levelView);
    case "more":
      return view(moreView);
    default:
      return view(homeView);
  }
}

async function view(make, detail) {
  const here = location.hash;
  try {
    const running = await make(root, app, detail);
    if (location.hash === here) stop = running ?? null;
    else running?.();
  } catch (problem) {
    if (problem.code === "ID-014") return replaced();
    show(
      root,
      h("h1", {}, problem.status ? app.t("error.title") : app.t("offline.title")),
      problem.status ? problemBox(problem, app.t) : h("p", {}, app.t("offline.words")),
      h("p", {}, h("button", { class: "btn btn-secondary", onclick: () => route() }, app.t("error.again"))),
    );
  }
}

// Another phone has taken this one's place.
function replaced() {
  show(
    root,
    h("h1", {}, app.t("replaced.title")),
    h("p", {}, app.t("replaced.words")),
    h("p", {}, h("button", { class: "btn btn-primary", onclick: () => app.forget() }, app.t("replaced.button"))),
  );
}

function licences() {
  return view(async (place) => {
    const { licencesView } = await import("./licences.js");
    const wallet = {
      api: app.api,
      sign: (bytes) => app.key.sign(bytes),
      publicJwk: app.key.publicJwk,
      thumbprint: app.key.thumbprint,
      lang: app.lang,
      t: app.t,
      db: app.db,
    };
    return licencesView(place, wallet);
  });
}

function mark(place) {
  tabs();
  for (const link of document.querySelectorAll("#tabs a")) {
    const isHere = link.hash === `#/${place}` || (link.hash === "#/more" && ["history", "level"].includes(place));
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

// The words around the view.
function frame() {
  document.documentElement.lang = LANGS[app.lang];
  for (const place of document.querySelectorAll("[data-words]")) place.textContent = app.t(place.dataset.words);
  for (const place of document.querySelectorAll("[data-label]")) place.setAttribute("aria-label", app.t(place.dataset.label));
  for (const button of document.querySelectorAll("[data-lang]")) {
    button.setAttribute("aria-pressed", String(button.dataset.lang === app.lang));
  }
  tabs();
}

// The tabs make room while a question waits for its answer.
function tabs() {
  document.getElementById("tabs").hidden = !app.me || location.hash.startsWith("#/approval/");
}

async function speak(lang) {
  const answer = await fetch(`/app/words/${lang}`, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error("words");
  app.words = (await answer.json()).words;
  app.lang = lang;
  localStorage.setItem("lang", lang);
  await app.db.put("lang", lang);
  frame();
}

function firstLang() {
  const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem("lang");
  return asked in LANGS ? asked : document.body.dataset.first;
}

// A link of a page or a QR code brings an approval, and perhaps the page to go back to.
function takeLink() {
  const asked = new URLSearchParams(location.search);
  const approval = asked.get("approval");
  const back = asked.get("return");
  if (back?.startsWith("/") && !back.startsWith("//")) app.back = { approval, path: back };
  const offer = asked.get("credential_offer_uri");
  if (offer) sessionStorage.setItem("offer", offer);
  if (approval || offer || back) history.replaceState(null, "", "/app" + location.hash);
  if (approval) sessionStorage.setItem("approval", approval);
  if (app.me && approval) location.hash = `#/approval/${encodeURIComponent(approval)}`;
  else if (app.me && offer) location.hash = "#/licences";
}

// After setting up the phone, what brought the person here goes on.
app.resume = () => {
  const approval = sessionStorage.getItem("approval");
  app.go(approval ? `#/approval/${encodeURIComponent(approval)}` : "#/home");
};

async function start() {
  app.db = await openDb();
  app.key = await findKey(app.db);
  app.me = app.key ? await app.db.get("me") : null;
  await speak(firstLang());
  takeLink();
  for (const button of document.querySelectorAll("[data-lang]")) {
    button.addEventListener("click", async () => {
      await speak(button.dataset.lang);
      await route();
      say(button.textContent);
    });
  }
  addEventListener("hashchange", route);
  await route();
  navigator.storage?.persist?.();
  navigator.serviceWorker?.register("/app/sw.js", { scope: "/app" });
}

start().catch(() => {
  root.replaceChildren(h("h1", {}, "Causeway"), h("p", { role: "alert" }, document.body.dataset.failed));
});

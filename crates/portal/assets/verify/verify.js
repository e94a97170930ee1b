// The inspector's page: scan, upload or paste a code; the check runs here and needs no network once
// the page and its data have been loaded.

import { checkCode } from "./check.js";
import { load, oldest } from "./data.js";
import { readPicture, watch } from "./scan.js";

const place = document.getElementById("verify");
const words = JSON.parse(place.dataset.words);
const { lang, tag } = place.dataset;
const anchors = JSON.parse(place.dataset.anchors);
const t = (key, values = {}) => (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, slot) => values[slot] ?? whole);
// Older than this, the status data is pointed out.
const STALE_SECONDS = 3600;
const REFRESH_MS = 5 * 60 * 1000;

let data = null;
let last = "";

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...children.filter(Boolean));
  return made;
}

function facts(licence) {
  const rows = [
    [t("kind"), licence.title],
    [t("authority"), licence.authority],
    [t("number"), licence.number],
    ...licence.claims.map((claim) => [claim.label, claim.value]),
    [t("from"), licence.valid_from],
    licence.valid_until ? [t("until"), licence.valid_until] : null,
  ].filter(Boolean);
  return element("dl", { class: "facts" }, ...rows.flatMap(([key, value]) => [element("dt", {}, key), element("dd", {}, value)]));
}

function show(verdict) {
  const box = element(
    "section",
    { class: `verdict verdict-${verdict.light}`, "aria-labelledby": "verdict-title", "data-outcome": verdict.outcome },
    element("h2", { id: "verdict-title" }, t(`outcome.${verdict.outcome}`)),
    element("p", {}, t(`advice.${verdict.outcome}`)),
    verdict.licence ? facts(verdict.licence) : null,
    element("p", { class: "hint" }, age()),
  );
  document.getElementById("verdict").replaceChildren(box);
  box.scrollIntoView({ block: "nearest" });
}

function age() {
  const signed = data && oldest(data);
  if (!signed) return t("age.none");
  const seconds = Math.max(0, Math.floor(Date.now() / 1000) - signed);
  const minutes = Math.max(1, Math.round(seconds / 60));
  const unit = new Intl.NumberFormat(tag, { style: "unit", unit: minutes < 120 ? "minute" : "hour", unitDisplay: "long" });
  const text = unit.format(minutes < 120 ? minutes : Math.round(minutes / 60));
  return t(seconds > STALE_SECONDS ? "age.old" : "age.fresh", { age: text });
}

function tellAge() {
  const line = document.getElementById("data-age");
  line.hidden = false;
  line.textContent = age();
}

async function check(code) {
  if (!data) data = await load(anchors);
  if (!data) return false;
  show(await checkCode(code, data, lang));
  return true;
}

async function refresh() {
  data = (await load(anchors)) ?? data;
  tellAge();
}

function camera() {
  const video = element("video", { class: "verify-camera", playsinline: "", "aria-label": t("camera.label"), hidden: "" });
  video.muted = true;
  let stop = null;
  const button = element("button", { class: "btn btn-secondary", type: "button" }, t("camera.open"));
  button.addEventListener("click", async () => {
    if (stop) {
      stop();
      stop = null;
      video.hidden = true;
      button.textContent = t("camera.open");
      return;
    }
    video.hidden = false;
    try {
      stop = await watch(video, (text) => {
        if (text === last) return;
        last = text;
        check(text);
      });
      button.textContent = t("camera.close");
    } catch {
      video.hidden = true;
      trouble.textContent = t("camera.refused");
    }
  });
  const trouble = element("p", { role: "alert" });
  const file = element("input", { type: "file", accept: "image/*", id: "picture" });
  file.addEventListener("change", async () => {
    if (!file.files[0]) return;
    const text = await readPicture(file.files[0]).catch(() => null);
    if (text) await check(text);
    else trouble.textContent = t("picture.none");
  });
  const tools = element("div", { class: "verify-tools" }, button, element("label", { for: "picture" }, t("picture")), file);
  const holder = document.getElementById("scanner");
  holder.replaceChildren(tools, trouble, video);
  holder.hidden = false;
}

function takeForm() {
  const form = document.getElementById("verify-form");
  form.addEventListener("submit", async (event) => {
    if (!data) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    await check(form.elements.code.value);
  }, true);
}

async function register() {
  const worker = await navigator.serviceWorker?.register(`/${lang}/verify/sw.js`, { scope: `/${lang}/verify` });
  await navigator.serviceWorker?.ready;
  worker?.active?.postMessage({ shell: JSON.parse(place.dataset.shell), page: `/${lang}/verify` });
}

camera();
takeForm();
refresh();
setInterval(refresh, REFRESH_MS);
addEventListener("online", refresh);
register().catch(() => {});

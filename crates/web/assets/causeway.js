// Small helps on every page. Each works on what is in the page; nothing depends on it.

// The error summary, and the message left by the page before, get the focus.
(document.querySelector(".errors[data-focus]") ?? document.querySelector("[data-focus]"))?.focus();

// A link of the error summary goes to the first thing one can answer, not to a frame around it.
document.querySelector(".errors")?.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  const target = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!target) return;
  const box = target.matches("fieldset") ? target.querySelector("input,select,textarea") : target;
  if (!box) return;
  event.preventDefault();
  target.scrollIntoView({ block: "start" });
  box.focus({ preventScroll: true });
});

// How many characters are left, said after a pause so that a screen reader is not flooded.
for (const area of document.querySelectorAll("textarea[data-limit]")) {
  const words = document.getElementById(`${area.id}-count`);
  if (!words) continue;
  let wait;
  const count = () => {
    const left = Number(area.dataset.limit) - [...area.value].length;
    words.textContent = `${Math.abs(left)} ${left < 0 ? area.dataset.over : area.dataset.left}`;
    words.classList.toggle("count-over", left < 0);
  };
  words.setAttribute("aria-live", "polite");
  area.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(count, 400);
  });
  if (area.value) count();
}

// One press, one post. Coming back to the page makes the buttons work again, and so does waiting: the
// answer may have been a file, or lost on the way.
const ONCE_MS = 10000;
const once = document.querySelectorAll("form[data-once]");
const release = (form) => {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("button")) button.disabled = false;
};
for (const form of once) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    setTimeout(() => {
      for (const button of form.querySelectorAll("button")) button.disabled = true;
    });
    setTimeout(release, ONCE_MS, form);
  });
}
addEventListener("pageshow", () => once.forEach(release));

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// A part of the page that follows the server: fetched again while the page is looked at.
const LIVE_FAILURES = 5;
for (const part of document.querySelectorAll("[data-live]")) {
  let failures = 0;
  let seen;
  const again = () => {
    const every = Math.max(1000, Number(part.dataset.every) || 3000);
    setTimeout(look, every * (failures + 1));
  };
  const look = async () => {
    if (document.hidden) return again();
    try {
      const answer = await fetch(part.dataset.live, { headers: { accept: "text/html" }, redirect: "error" });
      const next = answer.headers.get("x-next");
      if (next?.startsWith("/") && !next.startsWith("//")) return location.assign(next);
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      if (text !== seen) {
        seen = text;
        part.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
      }
      failures = 0;
      if (part.querySelector("[data-live-end]")) return;
    } catch {
      failures += 1;
      if (failures >= LIVE_FAILURES) return;
    }
    again();
  };
  again();
}

if (document.querySelector("form[data-autosave]")) import("./autosave.js");

// A shared kiosk: a page that nobody touches asks whether anybody is there. Whoever types is there, and
// the server is told so, that the session does not end under their hands.
const { idle, idleTo, idlePing } = document.body.dataset;
if (idle && idleTo) {
  const PING_MS = 30000;
  let leaving;
  let pinged = Date.now();
  const stay = () => {
    clearTimeout(leaving);
    leaving = setTimeout(() => location.replace(idleTo), Number(idle) * 1000);
    if (!idlePing || Date.now() - pinged < PING_MS) return;
    pinged = Date.now();
    fetch(idlePing, { method: "HEAD" }).catch(() => {});
  };
  for (const kind of ["keydown", "pointerdown", "input", "scroll"]) addEventListener(kind, stay, { passive: true });
  stay();
}

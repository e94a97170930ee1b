// Setting up the phone: particulars, the (simulated) look at the person, the key bound. And raising
// the level later.

import { simulated } from "./api.js";
import { busy, choice, complain, field, h, show } from "./dom.js";

const ADULT = 18;

export async function enrolView(root, app) {
  const { t } = app;
  const trouble = h("div");
  const cards = app.isDemo ? await demoCards(app) : null;
  const form = particulars(app);
  const button = form.querySelector("button");
  form.addEventListener(
    "submit",
    busy(button, async () => {
      const asked = read(form);
      try {
        await app.newKey();
        const started = await app.api("/app/api/enrolments", { method: "POST", body: asked, isNew: true });
        look(root, app, started, asked.level);
      } catch (problem) {
        if (!problem.status) throw problem;
        complain(trouble, problem, t);
      }
    }),
  );
  show(
    root,
    h("h1", {}, t("enrol.title")),
    h("p", { class: "lead" }, t("enrol.lead")),
    h("p", {}, t("enrol.one")),
    trouble,
    h("p", {}, h("button", { class: "as-link", type: "button", onclick: () => passportView(root, app) }, t("enrol.passport"))),
    cards,
    form,
  );
  return null;
}

// For people without an identity card: two officers have seen them, so that number and code are enough.
function passportView(root, app) {
  const { t } = app;
  const trouble = h("div");
  const number = h("input", { type: "text", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", class: "w10", maxlength: "12" });
  const code = h("input", { type: "text", autocomplete: "one-time-code", autocapitalize: "characters", spellcheck: "false", class: "w10", maxlength: "12" });
  const button = h("button", { class: "btn btn-primary" }, t("enrol.button"));
  const form = h(
    "form",
    { novalidate: true, id: "enrol" },
    field("passport", t("enrol.passport.number"), number, t("enrol.passport.number.hint")),
    field("code", t("enrol.passport.code"), code, t("enrol.passport.code.hint")),
    field("device_name", t("enrol.phone"), h("input", { type: "text", maxlength: "60", autocomplete: "off", value: phoneName(t) }), t("enrol.phone.hint")),
    button,
  );
  form.addEventListener(
    "submit",
    busy(button, async () => {
      const device_name = form.elements.device_name.value.trim() || "Phone";
      const body = { passport: number.value, code: code.value, device_name };
      try {
        await app.newKey();
        await app.keep(await app.api("/app/api/enrolments/counter", { method: "POST", body, isNew: true }));
        welcome(root, app);
      } catch (problem) {
        if (!problem.status) throw problem;
        complain(trouble, problem, t);
      }
    }),
  );
  show(
    root,
    h("h1", {}, t("enrol.title")),
    h("p", { class: "lead" }, t("enrol.passport.lead")),
    h("p", {}, t("enrol.one")),
    h("p", {}, t("enrol.passport.none")),
    h("p", {}, h("button", { class: "as-link", type: "button", onclick: () => enrolView(root, app) }, t("enrol.card"))),
    trouble,
    form,
  );
}

function particulars(app) {
  const { t } = app;
  const guardian = h("div", { class: "field", hidden: true }, choice("guardian", "agreed", t("enrol.guardian"), t("enrol.guardian.hint"), false, "checkbox"));
  const form = h(
    "form",
    { novalidate: true, id: "enrol" },
    field("hkid", t("enrol.hkid"), h("input", { type: "text", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", class: "w10", maxlength: "14" }), t("enrol.hkid.hint")),
    dateBoxes(t),
    field("device_name", t("enrol.phone"), h("input", { type: "text", maxlength: "60", autocomplete: "off", value: phoneName(t) }), t("enrol.phone.hint")),
    h(
      "fieldset",
      { class: "field" },
      h("legend", {}, t("enrol.level")),
      h("div", { class: "choices" }, choice("level", "plus", t("level.plus"), t("level.plus.hint"), true), choice("level", "basic", t("level.basic"), t("level.basic.hint"), false)),
    ),
    guardian,
    h("button", { class: "btn btn-primary" }, t("enrol.button")),
  );
  form.addEventListener("input", () => {
    const age = ageOf(date(form));
    guardian.hidden = !(age !== null && age < ADULT);
  });
  return form;
}

function dateBoxes(t) {
  const box = (part, size) =>
    h(
      "div",
      {},
      h("label", { for: `born-${part}` }, t(`date.${part}`)),
      h("input", { id: `born-${part}`, name: `born-${part}`, inputmode: "numeric", class: `w${size}`, maxlength: String(size), autocomplete: `bday-${part}` }),
    );
  return h(
    "fieldset",
    { class: "field" },
    h("legend", {}, t("enrol.born")),
    h("div", { class: "date-boxes" }, box("day", 2), box("month", 2), box("year", 4)),
  );
}

function date(form) {
  const get = (part, size) => form.elements[`born-${part}`].value.trim().padStart(size, "0");
  return `${get("year", 4)}-${get("month", 2)}-${get("day", 2)}`;
}

function ageOf(text) {
  const born = new Date(`${text}T00:00:00`);
  if (Number.isNaN(born.getTime()) || born.getFullYear() < 1890) return null;
  const now = new Date();
  const had = now.getMonth() > born.getMonth() || (now.getMonth() === born.getMonth() && now.getDate() >= born.getDate());
  return now.getFullYear() - born.getFullYear() - (had ? 0 : 1);
}

function read(form) {
  return {
    hkid: form.elements.hkid.value,
    date_of_birth: date(form),
    device_name: form.elements.device_name.value.trim() || "Phone",
    level: form.elements.level.value,
    guardian: form.elements.guardian.checked ? "agreed" : "absent",
  };
}

function phoneName(t) {
  const agent = navigator.userAgent;
  const known = [["iPhone", "iPhone"], ["iPad", "iPad"], ["Android", "Android"], ["Mac OS", "Mac"], ["Windows", "Windows"], ["Linux", "Linux"]];
  return known.find(([word]) => agent.includes(word))?.[1] ?? t("enrol.phone.any");
}

// The look at face and card. A real app would open the camera and the chip reader here; where the checks
// are real, this page has nothing to show them.
function look(root, app, started, level) {
  const { t } = app;
  if (!started.is_simulated) {
    show(root, h("h1", {}, t("look.title")), h("p", {}, t("look.elsewhere")));
    return;
  }
  const trouble = h("div");
  const button = h("button", { class: "btn btn-primary", type: "button" }, t("look.button"));
  button.addEventListener(
    "click",
    busy(button, async () => {
      const body = {
        enrolment: started.enrolment,
        challenge: started.challenge,
        liveness: simulated("face", started.challenge),
        ...(level === "plus" && { card_present: simulated("card", started.challenge) }),
      };
      try {
        await app.keep(await app.api("/app/api/enrolments/confirm", { method: "POST", body, isNew: true }));
        welcome(root, app);
      } catch (problem) {
        complain(trouble, problem, t);
      }
    }),
  );
  show(
    root,
    h("h1", {}, t("look.title")),
    trouble,
    h("p", { class: "simulated" }, h("strong", {}, t("simulated"), " "), t("look.face")),
    level === "plus" ? h("p", { class: "simulated" }, h("strong", {}, t("simulated"), " "), t("look.card")) : null,
    h("p", {}, button),
  );
}

function welcome(root, app) {
  const { t } = app;
  show(
    root,
    h("h1", {}, t("welcome.title", { name: app.name(app.me.name) })),
    h("p", { class: "lead" }, t("welcome.words")),
    h("p", {}, t("welcome.install")),
    h("p", {}, h("button", { class: "btn btn-primary", type: "button", onclick: () => app.resume() }, t("welcome.button"))),
  );
}

// Raising the level by showing the card.
export async function levelView(root, app) {
  const { t } = app;
  if (app.me.document === "passport") {
    show(root, h("h1", {}, t("level.title")), h("p", {}, t("level.passport")));
    return null;
  }
  const trouble = h("div");
  const button = h("button", { class: "btn btn-primary", type: "button" }, t("level.raise"));
  button.addEventListener(
    "click",
    busy(button, async () => {
      try {
        await app.keep(await app.api("/app/api/level", { method: "POST", body: { card_present: simulated("card", app.key.thumbprint) } }));
        show(root, h("h1", {}, t("level.done")), h("p", {}, t("level.done.words")), h("p", {}, h("a", { class: "btn btn-primary", href: "#/home" }, t("outcome.home"))));
      } catch (problem) {
        complain(trouble, problem, t);
      }
    }),
  );
  show(
    root,
    h("h1", {}, t("level.title")),
    trouble,
    h("p", {}, t("level.words")),
    h("p", { class: "simulated" }, h("strong", {}, t("simulated"), " "), t("look.card")),
    h("p", {}, button),
  );
  return null;
}

// In a demonstration: cards of invented people, to fill the form with one press.
async function demoCards(app) {
  const { t } = app;
  const answer = await fetch("/app/demo/cards", { headers: { accept: "application/json" } });
  if (!answer.ok) return null;
  const { cards } = await answer.json();
  const use = (card) => () => {
    const form = document.getElementById("enrol");
    const [year, month, day] = card.date_of_birth.split("-");
    form.elements.hkid.value = card.hkid;
    form.elements["born-day"].value = day;
    form.elements["born-month"].value = month;
    form.elements["born-year"].value = year;
    form.dispatchEvent(new Event("input"));
    form.elements.hkid.focus();
  };
  const row = (card) =>
    h(
      "li",
      {},
      h("button", { class: "as-link", type: "button", onclick: use(card) }, app.name(card.name)),
      ` ${card.hkid}, ${card.date_of_birth}`,
      h("p", { class: "hint" }, app.say3(card.note)),
    );
  const list = (some) => h("ul", { class: "plain" }, some.map(row));
  return h(
    "section",
    { class: "inset", "aria-labelledby": "cards-title" },
    h("h2", { id: "cards-title" }, t("enrol.demo")),
    h("p", {}, t("enrol.demo.words")),
    list(cards.filter((card) => !card.has_phone)),
    h(
      "details",
      {},
      h("summary", {}, t("enrol.demo.others")),
      h("div", { class: "details-body" }, h("p", {}, t("enrol.demo.others.words")), list(cards.filter((card) => card.has_phone))),
    ),
  );
}

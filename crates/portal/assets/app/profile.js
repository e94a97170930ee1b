// The e-ME profile: what forms may be filled with.

import { busy, complain, field, h, say, show, summary } from "./dom.js";

const PHONES = ["mobile", "home_phone", "office_phone"];
const ADDRESSES = ["residential_address", "postal_address"];
// The parts of an address by its kind; those of a lot stand within it.
const LINES = ["flat", "floor", "block", "building", "number_from", "number_to", "street", "district"];
const MORE = ["estate", "phase", "sub_district"];
const LOT = ["dd", "number", "section", "subsection"];
const NARROW = ["flat", "floor", "number_from", "number_to", "dd", "section", "subsection"];
const AREAS = ["hk", "kln", "nt"];
const OWN = ["prefix", "marital_status", ...PHONES, "email", "education", ...ADDRESSES];

export async function profileView(root, app) {
  const profile = await app.api("/app/api/profile");
  render(root, app, profile);
  return null;
}

function render(root, app, profile) {
  const { t } = app;
  const trouble = h("div");
  const values = Object.fromEntries(profile.fields.map((one) => [one.key, one]));
  const verified = profile.fields
    .filter((one) => one.source === "verified" || one.source === "counter")
    .map((one) => [t(`field.${one.key}`), [shown(app, one), " ", h("strong", { class: "tag tag-good" }, t("profile.verified"))]]);
  const choices = Object.fromEntries(profile.choices.map((one) => [one.key, one.codes]));
  const form = h(
    "form",
    { novalidate: true },
    OWN.map((key) => (ADDRESSES.includes(key) ? address(app, key, values[key]?.value) : plain(app, key, values[key]?.value, choices[key]))),
    h("button", { class: "btn btn-primary" }, t("profile.save")),
  );
  form.addEventListener(
    "submit",
    busy(form.querySelector("button"), async () => {
      try {
        const changes = changed(form, values);
        if (changes.length) {
          const saved = await app.api("/app/api/profile", { method: "POST", body: { changes } });
          render(root, app, saved);
        }
        say(t("profile.saved"));
        trouble.replaceChildren();
        root.querySelector("#saved").textContent = t("profile.saved");
      } catch (problem) {
        if (!problem.fields?.length) return complain(trouble, problem, t);
        refuse(app, form, trouble, problem.fields);
      }
    }),
  );
  show(
    root,
    h("h1", {}, t("profile.title")),
    h("p", { class: "lead" }, t("profile.lead")),
    h("p", { id: "saved", class: "saved" }),
    trouble,
    h("h2", {}, t("profile.register")),
    summary(verified, t("profile.register")),
    h("h2", {}, t("profile.own")),
    form,
  );
}

// Says which values were refused and how they should look; each links to its field.
function refuse(app, form, trouble, keys) {
  const { t } = app;
  for (const box of form.querySelectorAll("[aria-invalid]")) box.removeAttribute("aria-invalid");
  const items = keys.map((key) => {
    const first = form.elements[key] ?? form.elements[`${key}.building`] ?? form.elements[`${key}.lines`];
    first.setAttribute("aria-invalid", "true");
    const go = (event) => {
      event.preventDefault();
      first.focus();
    };
    return h("li", {}, h("a", { href: `#${key}`, onclick: go }, `${t(`field.${key}`)}${t("colon")}${t(`refused.${kind(key)}`)}`));
  });
  const box = h("div", { class: "errors", role: "alert", tabindex: "-1" }, h("h2", {}, t("refused.title")), h("ul", {}, items));
  trouble.replaceChildren(box);
  box.focus();
}

function kind(key) {
  if (PHONES.includes(key)) return "phone";
  if (ADDRESSES.includes(key)) return "address";
  return key === "email" ? "email" : "choice";
}

function shown(app, one) {
  if (one.key === "sex") return app.t(`sex.${one.value}`);
  if (one.key === "date_of_birth") return app.day(`${one.value}T12:00:00+08:00`);
  return String(one.value);
}

function plain(app, key, value, codes) {
  const { t } = app;
  if (codes) {
    const options = codes.map((code) => h("option", { value: code, selected: code === value }, t(`${key}.${code}`)));
    return field(key, t(`field.${key}`), h("select", {}, h("option", { value: "" }, t("profile.none")), options));
  }
  const kind = PHONES.includes(key) ? { type: "tel", inputmode: "tel", class: "w10" } : { type: "email" };
  const fill = { mobile: "tel", email: "email" }[key] ?? "off";
  return field(key, t(`field.${key}`), h("input", { ...kind, value: value ?? "", autocomplete: fill, maxlength: "254" }));
}

function address(app, key, value) {
  const { t } = app;
  const line = (name, held, words = name) => field(`${key}.${name}`, t(`address.${words}`), h("input", { type: "text", value: held ?? "", maxlength: "100", autocomplete: "off", class: NARROW.includes(name) ? "w5" : undefined }));
  const around = (parts) => h("fieldset", { class: "field" }, h("legend", {}, t(`field.${key}`)), parts);
  if (value?.kind === "free") return around([field(`${key}.lines`, t("address.lines"), h("textarea", { rows: "6" }, value.lines))]);
  if (value?.kind === "post_box") return around([line("post_box", value.post_box), line("building", value.building, "office")]);
  const areas = AREAS.map((area) => h("option", { value: area, selected: value?.area === area }, t(`area.${area}`)));
  const more = [...MORE.map((name) => line(name, value?.[name])), ...LOT.map((name) => line(name, value?.lot?.[name]))];
  return around([
    ...LINES.map((name) => line(name, value?.[name])),
    field(`${key}.area`, t("address.area"), h("select", {}, h("option", { value: "" }, t("profile.none")), areas)),
    h("details", { open: MORE.some((name) => value?.[name]) || Boolean(value?.lot) }, h("summary", {}, t("address.more")), h("div", { class: "details-body" }, more)),
  ]);
}

// Only what differs is sent; an emptied field is removed.
function changed(form, values) {
  const changes = [];
  for (const key of OWN) {
    const before = values[key]?.value ?? null;
    const after = ADDRESSES.includes(key) ? readAddress(form, key, before) : form.elements[key].value.trim() || null;
    if (JSON.stringify(sorted(before)) !== JSON.stringify(sorted(after))) changes.push({ key, value: after });
  }
  return changes;
}

// What the phone does not show of an address stays as it was.
function readAddress(form, key, before) {
  const read = (name) => form.elements[`${key}.${name}`]?.value.trim();
  const filled = (names) => Object.fromEntries(names.map((name) => [name, read(name)]).filter(([, text]) => text));
  if (before?.kind === "free") return read("lines") ? { ...before, lines: read("lines") } : null;
  if (before?.kind === "post_box") {
    const box = filled(["post_box", "building"]);
    return Object.keys(box).length ? { kind: before.kind, ...box } : null;
  }
  const lot = filled(LOT);
  const value = { ...filled([...LINES, ...MORE, "area"]), ...(Object.keys(lot).length ? { lot } : {}) };
  if (!Object.keys(value).length) return null;
  return before?.kind ? { kind: before.kind, ...value } : value;
}

// In one order and without what is empty, for comparing.
function sorted(value) {
  if (!value || typeof value !== "object") return value;
  return Object.entries(value)
    .filter(([, part]) => part !== "")
    .map(([name, part]) => [name, sorted(part)])
    .sort(([one], [other]) => (one < other ? -1 : 1));
}

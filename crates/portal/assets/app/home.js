// Home: what waits for this phone, and ways to bring it a request.

import { complain, field, h, say, show } from "./dom.js";
import { scanner } from "./scan.js";

const EVERY_MS = 4000;

export async function homeView(root, app) {
  const { t } = app;
  const list = h("div", { id: "waiting" }, h("p", {}, t("home.looking")));
  const trouble = h("div");
  show(
    root,
    h("h1", {}, t("home.title", { name: app.name(app.me.name) })),
    trouble,
    h("section", { "aria-labelledby": "waiting-title" }, h("h2", { id: "waiting-title" }, t("home.waiting")), list),
    await bring(app, trouble),
  );
  let seen = null;
  const look = async () => {
    if (document.hidden) return;
    const { open } = await app.api("/app/api/approvals");
    const ids = open.map((one) => one.id).join();
    if (ids === seen) return;
    if (seen !== null && open.length) say(t("home.new"));
    seen = ids;
    list.replaceChildren(...waiting(open, app));
  };
  await look();
  const timer = setInterval(() => look().catch(() => {}), EVERY_MS);
  return () => clearInterval(timer);
}

function waiting(open, app) {
  if (!open.length) return [h("p", { class: "empty" }, app.t("home.none"))];
  const items = open.map((one) =>
    h(
      "li",
      { class: "card" },
      h("h3", {}, h("a", { href: `#/approval/${one.id}` }, app.say3(one.requester))),
      h("p", {}, app.say3(one.summary)),
      h("p", { class: "hint" }, app.t("approval.left", { minutes: Math.ceil(one.seconds_left / 60) })),
    ),
  );
  return [h("ul", { class: "cards" }, items)];
}

// Scan a QR code where the browser can, or type the reference beside it.
async function bring(app, trouble) {
  const { t } = app;
  const input = h("input", { type: "text", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: "12", class: "w10" });
  const form = h(
    "form",
    {
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        try {
          const opened = await app.api("/app/api/approvals/open", { method: "POST", body: { reference: input.value } });
          app.go(`#/approval/${opened.id}`);
        } catch (problem) {
          complain(trouble, problem, t);
        }
      },
    },
    field("reference", t("home.reference"), input, t("home.reference.hint")),
    h("button", { class: "btn btn-secondary" }, t("home.reference.button")),
  );
  const scan = await scanner(app, (approval) => app.go(`#/approval/${encodeURIComponent(approval)}`));
  return h("section", { "aria-labelledby": "bring-title" }, h("h2", { id: "bring-title" }, t("home.bring")), scan, form);
}

// The phone itself, consents, history, and what to do when it is lost.

import { busy, complain, h, show, summary } from "./dom.js";
import { wakingPart } from "./wake.js";

export async function moreView(root, app) {
  const { t } = app;
  await app.keep(await app.api("/app/api/me"));
  const { me } = app;
  const { consents } = await app.api("/app/api/consents");
  const trouble = h("div");
  const level = me.level === "plus" ? null : h("a", { href: "#/level" }, t("level.button"));
  show(
    root,
    h("h1", {}, t("more.title")),
    trouble,
    h("p", {}, h("a", { href: "#/history" }, t("history.title"))),
    h("h2", {}, t("more.phone")),
    summary(
      [
        [t("more.owner"), app.name(me.name)],
        me.document === "passport"
          ? [t("more.passport"), `${me.card}, ${t("more.until", { day: me.document_expires })}`]
          : [t("more.card"), me.card],
        [t("more.level"), t(`level.${me.level}`), level],
        [t("more.device"), me.device_name],
        [t("more.since"), app.date(me.device_since)],
        ...(me.companies.length ? [[t("more.companies"), me.companies.map((one) => app.name(one.name)).join(", ")]] : []),
      ],
      t("more.phone"),
    ),
    me.is_simulated ? h("p", { class: "simulated" }, h("strong", {}, t("simulated"), " "), t("more.simulated")) : null,
    await wakingPart(app),
    h("h2", {}, t("consent.title")),
    h("p", {}, t("consent.lead")),
    consentList(root, app, consents, trouble),
    h("h2", {}, t("lost.title")),
    h("p", {}, t("lost.words")),
    h("p", {}, t("lost.licences")),
    remove(app, trouble),
  );
  return null;
}

function consentList(root, app, consents, trouble) {
  const { t } = app;
  if (!consents.length) return h("p", { class: "empty" }, t("consent.none"));
  const items = consents.map((one) => {
    const button = h("button", { class: "btn btn-secondary", type: "button" }, t("consent.revoke"), h("span", { class: "hidden" }, ` ${app.say3(one.title)}`));
    button.addEventListener(
      "click",
      busy(button, async () => {
        try {
          await app.api("/app/api/consents/revoke", { method: "POST", body: { consent: one.id } });
          await moreView(root, app);
        } catch (problem) {
          complain(trouble, problem, t);
        }
      }),
    );
    return h(
      "li",
      { class: "card" },
      h("h3", {}, app.say3(one.title)),
      h("p", {}, one.fields.map((key) => t(`field.${key}`)).join(t("comma"))),
      h("p", { class: "hint" }, t("consent.until", { day: app.day(one.expires) })),
      button,
    );
  });
  return h("ul", { class: "cards" }, items);
}

function remove(app, trouble) {
  const { t } = app;
  const button = h("button", { class: "btn btn-warning", type: "button" }, t("remove.button"));
  button.addEventListener(
    "click",
    busy(button, async () => {
      try {
        await app.api("/app/api/device/revoke", { method: "POST", body: {} });
        await app.forget();
      } catch (problem) {
        complain(trouble, problem, t);
      }
    }),
  );
  return h("details", {}, h("summary", {}, t("remove.title")), h("div", { class: "details-body" }, h("p", {}, t("remove.words")), button));
}

export async function historyView(root, app) {
  const { t } = app;
  const { readings, approvals } = await app.api("/app/api/history");
  const read = readings.map((one) =>
    h(
      "li",
      {},
      h("p", { class: "timeline-words" }, app.say3(one.reader)),
      h("p", {}, app.say3(one.reason)),
      one.fields.length ? h("p", {}, one.fields.map((key) => t(`field.${key}`)).join(t("comma"))) : null,
      h("p", { class: "hint" }, app.date(one.read_at)),
    ),
  );
  const answered = approvals.map((one) =>
    h(
      "li",
      {},
      h("p", { class: "timeline-words" }, app.say3(one.requester)),
      h("p", {}, app.say3(one.summary)),
      h("p", { class: "hint" }, `${t(`outcome.${one.state}.title`)} · ${app.date(one.created)}`),
    ),
  );
  show(
    root,
    h("h1", {}, t("history.title")),
    h("p", { class: "lead" }, t("history.lead")),
    h("h2", {}, t("history.readings")),
    read.length ? h("ol", { class: "timeline" }, read) : h("p", { class: "empty" }, t("history.none")),
    h("h2", {}, t("history.approvals")),
    answered.length ? h("ol", { class: "timeline" }, answered) : h("p", { class: "empty" }, t("history.no_approvals")),
  );
  return null;
}

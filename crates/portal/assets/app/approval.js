// One approval: who asks, for what, the four digits, and the two answers.

import { simulated } from "./api.js";
import { busy, choice, complain, h, say, show, summary } from "./dom.js";

export async function approvalView(root, app, id) {
  const { t } = app;
  sessionStorage.removeItem("approval");
  let shown;
  try {
    shown = await app.api("/app/api/approvals/open", { method: "POST", body: { id } });
  } catch (problem) {
    if (problem.code === "ID-014" || !problem.status) throw problem;
    return refused(root, app, problem);
  }
  if (shown.state !== "seen") return over(root, app, shown.state);
  const trouble = h("div");
  const left = h("p", { class: "hint" });
  show(root, h("h1", {}, t(`approval.title.${shown.purpose}`)), trouble, ...question(app, shown), left, answers(root, app, shown, trouble));
  return countdown(root, app, shown, left);
}

function question(app, shown) {
  const { t } = app;
  const rows = [
    [t("approval.requester"), app.say3(shown.requester)],
    [t("approval.place"), app.say3(shown.place)],
    [t("approval.asked"), app.date(shown.created)],
    ...shown.detail.map((line) => [app.say3(line.label), app.say3(line.value)]),
  ];
  return [
    h("p", { class: "lead" }, app.say3(shown.summary)),
    h("p", { id: "code-label" }, t("approval.compare")),
    h("p", { class: "code", role: "group", "aria-labelledby": "code-label" }, h("span", { class: "code-digits" }, shown.code)),
    summary(rows, t("approval.what")),
    shown.purpose === "sign"
      ? h(
          "details",
          {},
          h("summary", {}, t("approval.digest")),
          h("div", { class: "details-body" }, h("p", {}, t("approval.digest.words")), h("p", {}, h("code", { class: "digest" }, shown.digest))),
        )
      : null,
    shown.presence ? h("p", { class: "inset" }, t(`approval.presence.${shown.presence}`)) : null,
    shown.pick ? picker(app, shown.pick) : null,
  ];
}

// The documents a company keeps, to tick those that are handed over.
function picker(app, pick) {
  const { t } = app;
  if (!pick.documents.length) return h("p", { class: "inset" }, t("approval.pick.none"));
  return h(
    "fieldset",
    { class: "field", id: "pick", "aria-describedby": "pick-hint" },
    h("legend", {}, t("approval.pick")),
    h("p", { class: "hint", id: "pick-hint" }, t("approval.pick.hint", { most: pick.most })),
    h("div", { class: "choices" }, pick.documents.map((one) => choice("pick", one.id, one.name, `${app.say3(one.kind)} · ${app.date(one.added)}`, pick.picked.includes(one.id), "checkbox"))),
  );
}

// Between one and the most that are asked for, or the words that say so.
function picked(root, shown, t) {
  if (!shown.pick) return [];
  const ids = [...root.querySelectorAll("#pick input:checked")].map((box) => box.value);
  if (ids.length < 1 || ids.length > shown.pick.most) throw { message: t("approval.pick.error"), advice: t("approval.pick.hint", { most: shown.pick.most }) };
  return ids;
}

function answers(root, app, shown, trouble) {
  const { t } = app;
  const give = (decision, isForeign = false) => async () => {
    try {
      const documents = decision === "approve" ? picked(root, shown, t) : [];
      const jws = await app.decide(shown, decision);
      const decided = await app.api("/app/api/approvals/decide", { method: "POST", body: { jws, not_me: isForeign, ...(documents.length && { picked: documents }), ...(shown.presence && decision === "approve" && { presence: simulated(shown.presence, shown.id) }) } });
      done(root, app, shown, decided.state);
    } catch (problem) {
      complain(trouble, problem, t);
    }
  };
  const approve = h("button", { class: "btn btn-primary", type: "button" }, t(`approval.approve.${shown.purpose}`));
  const reject = h("button", { class: "btn btn-secondary", type: "button" }, t("approval.reject"));
  const notMe = h("button", { class: "btn btn-warning", type: "button" }, t("approval.not_me.button"));
  approve.addEventListener("click", busy(approve, give("approve")));
  reject.addEventListener("click", busy(reject, give("reject")));
  notMe.addEventListener("click", busy(notMe, give("reject", true)));
  return [
    h("div", { class: "buttons" }, approve, reject),
    h(
      "details",
      {},
      h("summary", {}, t("approval.not_me")),
      h("div", { class: "details-body" }, h("p", {}, t("approval.not_me.words")), notMe),
    ),
  ].reduce((box, child) => (box.append(child), box), h("div"));
}

// Counts down in sight; says it aloud only twice.
function countdown(root, app, shown, place) {
  const end = Date.now() + shown.seconds_left * 1000;
  const tick = () => {
    const seconds = Math.max(0, Math.round((end - Date.now()) / 1000));
    const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    place.textContent = app.t("approval.time", { clock });
    if (seconds === 60) say(app.t("approval.minute"));
    if (seconds === 0) {
      clearInterval(timer);
      over(root, app, "expired");
    }
  };
  const timer = setInterval(() => (place.isConnected ? tick() : clearInterval(timer)), 1000);
  tick();
  return () => clearInterval(timer);
}

function done(root, app, shown, state) {
  const { t } = app;
  const back = app.back?.approval === shown.id ? app.back.path : null;
  show(
    root,
    h("h1", {}, t(`outcome.${state}.title`)),
    h("p", { class: "lead" }, t(back ? `outcome.${state}.back` : `outcome.${state}.words`)),
    back
      ? h("p", {}, h("a", { class: "btn btn-primary", href: back }, t("outcome.return")))
      : h("p", {}, h("a", { class: "btn btn-primary", href: "#/home" }, t("outcome.home"))),
  );
  if (back) {
    app.back = null;
    location.assign(back);
  }
}

function over(root, app, state) {
  const { t } = app;
  show(
    root,
    h("h1", {}, t(`outcome.${state}.title`)),
    h("p", {}, t(`outcome.${state}.words`)),
    h("p", {}, h("a", { class: "btn btn-secondary", href: "#/home" }, t("outcome.home"))),
  );
  return null;
}

// The platform does not let this phone answer, and says why.
function refused(root, app, problem) {
  const { t } = app;
  const isLevel = problem.code === "ID-010";
  show(
    root,
    h("h1", {}, problem.message || t("error.title")),
    h("p", {}, problem.advice || t("error.advice")),
    isLevel ? h("p", {}, h("a", { class: "btn btn-primary", href: "#/level" }, t("level.button"))) : null,
    h("p", {}, h("a", { class: "btn btn-secondary", href: "#/home" }, t("outcome.home"))),
    problem.code ? h("p", { class: "hint" }, problem.code) : null,
  );
  return null;
}

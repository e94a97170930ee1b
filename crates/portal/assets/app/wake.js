// Being woken when somebody asks while the app is closed: the browser's own push, kept by the platform.

import { Problem } from "./api.js";
import { busy, complain, h } from "./dom.js";

const PATH = "/app/api/waking";

// Whether this browser can be woken at all. On some phones only an app on the home screen can.
export const canWake = () => "PushManager" in window && "Notification" in window && "serviceWorker" in navigator;

async function subscription() {
  const worker = await navigator.serviceWorker.ready;
  return { worker, own: await worker.pushManager.getSubscription() };
}

const failed = (app, key) => new Problem(400, { title: app.t(`${key}.title`), detail: app.t(`${key}.advice`) });

async function turnOn(app, key) {
  if ((await Notification.requestPermission()) !== "granted") throw failed(app, "wake.denied");
  const { worker, own } = await subscription();
  const options = { userVisibleOnly: true, applicationServerKey: key };
  let made;
  try {
    made = own ?? (await worker.pushManager.subscribe(options));
  } catch {
    throw failed(app, "wake.unreachable");
  }
  await app.api(PATH, { method: "POST", body: { address: made.endpoint } });
}

async function turnOff(app) {
  const { own } = await subscription();
  await own?.unsubscribe();
  await app.api(PATH, { method: "POST", body: { address: null } });
}

// The section with its switch.
export async function wakingPart(app) {
  const { t } = app;
  const part = h("section", { "aria-labelledby": "wake-title" }, h("h2", { id: "wake-title" }, t("wake.title")));
  if (!canWake()) {
    part.append(h("p", {}, t("wake.none")));
    return part;
  }
  const trouble = h("div");
  const draw = async () => {
    const { is_on: isOn, key } = await app.api(PATH);
    const button = h("button", { class: "btn btn-secondary", type: "button" }, t(isOn ? "wake.off" : "wake.on"));
    button.addEventListener(
      "click",
      busy(button, async () => {
        trouble.replaceChildren();
        try {
          await (isOn ? turnOff(app) : turnOn(app, key));
          await draw();
          part.querySelector("button").focus();
        } catch (problem) {
          complain(trouble, problem, t);
        }
      }),
    );
    part.replaceChildren(part.firstChild, h("p", { role: "status" }, t(isOn ? "wake.is_on" : "wake.is_off")), h("p", { class: "hint" }, t("wake.words")), trouble, button);
  };
  await draw();
  return part;
}

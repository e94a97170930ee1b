// Reads the QR code of a waiting page with the camera: with the browser's detector, or the bundled one.

import { watch } from "../verify/scan.js";
import { h } from "./dom.js";

// The approval in a scanned address of this very site.
export function approvalIn(text) {
  try {
    const address = new URL(text);
    return address.origin === location.origin ? address.searchParams.get("approval") : null;
  } catch {
    return null;
  }
}

// A button that opens the camera, or a sentence why there is none.
export async function scanner(app, found) {
  const { t } = app;
  if (!navigator.mediaDevices?.getUserMedia) return h("p", {}, t("scan.none"));
  const place = h("div");
  const button = h("button", { class: "btn btn-primary", type: "button" }, t("scan.button"));
  button.addEventListener("click", () => look(place, t, found));
  return h("div", {}, h("p", {}, button), place);
}

async function look(place, t, found) {
  const video = h("video", { class: "scan", muted: true, playsinline: true, "aria-label": t("scan.label") });
  let stop = () => {};
  const end = () => {
    stop();
    place.replaceChildren();
  };
  const stopButton = h("button", { class: "btn btn-secondary", type: "button", onclick: end }, t("scan.stop"));
  place.replaceChildren(video, h("p", {}, stopButton));
  try {
    stop = await watch(video, (text) => {
      const approval = approvalIn(text);
      if (!approval) return;
      end();
      found(approval);
    });
  } catch {
    place.replaceChildren(h("p", { role: "alert" }, t("scan.refused")));
    return;
  }
  // Closed while the camera was being asked for.
  if (!video.isConnected) stop();
}

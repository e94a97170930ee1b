// Reads the QR code of a waiting page with the camera, where the browser has a detector.

import { h } from "./dom.js";

const EVERY_MS = 300;

// The approval in a scanned address of this very site.
export function approvalIn(text) {
  try {
    const address = new URL(text);
    return address.origin === location.origin ? address.searchParams.get("approval") : null;
  } catch {
    return null;
  }
}

async function detector() {
  if (!("BarcodeDetector" in globalThis)) return null;
  const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
  return formats.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
}

// A button that opens the camera, or a sentence why there is none.
export async function scanner(app, found) {
  const { t } = app;
  const reader = await detector();
  if (!reader || !navigator.mediaDevices?.getUserMedia) return h("p", {}, t("scan.none"));
  const place = h("div");
  const button = h("button", { class: "btn btn-primary", type: "button" }, t("scan.button"));
  button.addEventListener("click", () => look(reader, place, t, found));
  return h("div", {}, h("p", {}, button), place);
}

async function look(reader, place, t, found) {
  const video = h("video", { class: "scan", muted: true, playsinline: true, "aria-label": t("scan.label") });
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    place.replaceChildren(h("p", { role: "alert" }, t("scan.refused")));
    return;
  }
  const end = () => {
    clearInterval(timer);
    for (const track of stream.getTracks()) track.stop();
    place.replaceChildren();
  };
  const stopButton = h("button", { class: "btn btn-secondary", type: "button", onclick: end }, t("scan.stop"));
  place.replaceChildren(video, h("p", {}, stopButton));
  video.srcObject = stream;
  await video.play();
  const timer = setInterval(async () => {
    if (!video.isConnected) return end();
    const codes = await reader.detect(video).catch(() => []);
    const approval = codes.map((code) => approvalIn(code.rawValue)).find(Boolean);
    if (approval) {
      end();
      found(approval);
    }
  }, EVERY_MS);
}

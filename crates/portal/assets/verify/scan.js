// Reads QR codes with the camera or from a picture. The browser's own detector is used where there is
// one; else the bundled jsQR, loaded only then.

const EVERY_MS = 250;
const SIDE = 1280;

async function ownDetector() {
  if (!("BarcodeDetector" in globalThis)) return null;
  const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
  if (!formats.includes("qr_code")) return null;
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  return async (source) => (await detector.detect(source).catch(() => []))[0]?.rawValue ?? null;
}

async function bundledDetector() {
  await import("./jsqr.js");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return async (source) => {
    const width = source.videoWidth ?? source.width;
    const height = source.videoHeight ?? source.height;
    if (!width || !height) return null;
    const scale = Math.min(1, SIDE / Math.max(width, height));
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    context.drawImage(source, 0, 0, canvas.width, canvas.height);
    const picture = context.getImageData(0, 0, canvas.width, canvas.height);
    return globalThis.jsQR(picture.data, canvas.width, canvas.height)?.data ?? null;
  };
}

const detector = async () => (await ownDetector()) ?? bundledDetector();

// The text of the code in a picture file, or null.
export async function readPicture(file) {
  const picture = await createImageBitmap(file);
  const read = await detector();
  return read(picture);
}

// Shows the camera in `video` and calls `found` with each text read. Returns how to stop.
export async function watch(video, found) {
  const read = await detector();
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: SIDE } } });
  video.srcObject = stream;
  await video.play();
  let isOn = true;
  const stop = () => {
    isOn = false;
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  const look = async () => {
    if (!isOn || !video.isConnected) return stop();
    const text = await read(video);
    if (isOn && text) found(text);
    if (isOn) setTimeout(look, EVERY_MS);
  };
  look();
  return stop;
}

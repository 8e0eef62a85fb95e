// Reading a code with the camera, or taking it typed. What was read is judged by the server;
// only a code that plainly is another site's is refused here.
import { button, field, form, h, screen, status, ways } from "./dom.js";
import { go } from "./trouble.js";
import { t } from "./words.js";

const EVERY_MS = 120;
const WIDEST = 800;
const CODE = /^[0-9A-Za-z]{8}$/u;
const ENROLMENT = /^https:\/\/[^/]+\/phone\/#e=([0-9a-z-]+)$/iu;

// Tells what a text is: {enrolment}, {text} for a login's code of this site, or null.
export const recognised = (text) => {
  const here = window.location.host.toUpperCase();
  const said = text.toUpperCase();
  const enrolment = ENROLMENT.exec(text);
  if (!said.startsWith(`HTTPS://${here}/`)) return null;
  if (enrolment) return { enrolment: enrolment[1] };
  return said.startsWith(`HTTPS://${here}/Q/`) ? { text } : null;
};

// The browser's own reader where there is one, else the vendored one.
const reader = async () => {
  if ("BarcodeDetector" in window) {
    const formats = await window.BarcodeDetector.getSupportedFormats().catch(() => []);
    if (formats.includes("qr_code")) {
      const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
      return async (canvas) => (await detector.detect(canvas))[0]?.rawValue;
    }
  }
  await import("./vendor/jsQR.js");
  return async (canvas, pen) => {
    const picture = pen.getImageData(0, 0, canvas.width, canvas.height);
    return self.jsQR(picture.data, picture.width, picture.height)?.data;
  };
};

// Shows the camera until a code of ours was read, then calls `found` with what it is.
export const scan = async (found, { typed }) => {
  const said = status(t("scan.starting"));
  const video = h("video", { id: "camera", playsinline: true, muted: true, "aria-label": t("scan.view") });
  const canvas = h("canvas", {});
  let stream = null;
  let open = true;
  const close = () => {
    open = false;
    for (const track of stream?.getTracks() || []) track.stop();
  };
  video.muted = true;
  screen(
    t("scan.title"),
    [
      h("p", {}, t("scan.text")),
      h("div", { class: "camera" }, video),
      said,
      ways(
        button(t("scan.type"), typed, { class: "quiet", id: "type-code" }),
        button(t("back"), () => go("#/"), { class: "quiet", id: "back" }),
      ),
    ],
    { onleave: close },
  );
  const fail = (key) => {
    close();
    video.parentElement.hidden = true;
    said.textContent = t(key);
  };
  if (!navigator.mediaDevices?.getUserMedia) return fail("scan.none");
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: "environment" } });
  } catch (error) {
    return fail(error.name === "NotAllowedError" ? "scan.denied" : "scan.none");
  }
  if (!open) return close();
  video.srcObject = stream;
  await video.play().catch(() => {});
  said.textContent = t("scan.looking");
  const read = await reader();
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  while (open) {
    if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
      const scale = Math.min(1, WIDEST / video.videoWidth);
      canvas.width = Math.round(video.videoWidth * scale);
      canvas.height = Math.round(video.videoHeight * scale);
      pen.drawImage(video, 0, 0, canvas.width, canvas.height);
      const text = await read(canvas, pen);
      const known = text ? recognised(text) : null;
      if (known && open) {
        said.textContent = t("scan.found");
        close();
        return found(known);
      }
      said.textContent = text ? t("scan.foreign") : t("scan.looking");
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  return undefined;
};

// Takes a code of eight characters; calls `found` with {code}.
export const type = (found) => {
  const code = field("code", t("code.label"), {
    class: "code",
    autocomplete: "off",
    autocapitalize: "characters",
    maxlength: "20",
    inputmode: "text",
  });
  const act = async () => {
    const plain = code.input.value.replaceAll(/[\s-]/gu, "");
    if (!CODE.test(plain)) {
      code.complain(t("code.malformed"));
      return;
    }
    code.complain("");
    await found({ code: plain });
  };
  screen(
    t("code.title"),
    [
      h("p", {}, t("code.text")),
      form(code.parts, t("code.go"), act, { id: "code-form", send: "code-go" }),
      ways(button(t("back"), () => go("#/"), { class: "quiet", id: "back" })),
    ],
    { focus: code.input },
  );
};

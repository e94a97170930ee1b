// Answers are saved quietly while they are written: two seconds after the last change, and when the
// page is left. The form itself still posts everything; losing this script loses nothing.

const PAUSE_MS = 2000;
const RETRY_MS = 15000;

for (const form of document.querySelectorAll("form[data-autosave]")) {
  const words = form.querySelector("[data-autosave-status]");
  let saved = text(form);
  let wait;
  let busy = false;

  const say = (what) => {
    if (words) words.textContent = what ?? "";
  };

  const save = async () => {
    clearTimeout(wait);
    const now = text(form);
    if (now === saved || busy || form.dataset.sent) return;
    busy = true;
    say(form.dataset.saving);
    try {
      const answer = await fetch(form.dataset.autosave, {
        method: "POST",
        body: new URLSearchParams(now),
        headers: { accept: "application/json", "x-csrf-token": form.elements.csrf.value },
        keepalive: now.length < 60000,
        redirect: "error",
      });
      if (!answer.ok) throw new Error(String(answer.status));
      saved = now;
      say(form.dataset.saved);
    } catch {
      say(form.dataset.failed);
      wait = setTimeout(save, RETRY_MS);
    }
    busy = false;
    if (text(form) !== now) later();
  };

  const later = () => {
    clearTimeout(wait);
    wait = setTimeout(save, PAUSE_MS);
  };

  form.addEventListener("input", later);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) save();
  });
}

/** The form's values as a query string, without files and without the token. */
function text(form) {
  const pairs = [...new FormData(form)].filter(([name, value]) => name !== "csrf" && typeof value === "string");
  return new URLSearchParams(pairs).toString();
}

// Answers are saved quietly while they are written: two seconds after the last change, and when the
// page is left. The form itself still posts everything; losing this script loses nothing.

const PAUSE_MS = 2000;
const RETRY_MS = 15000;
/** A post waits this long for a save under way, so that it can name the revision the save made. */
const PATIENCE_MS = 4000;

for (const form of document.querySelectorAll("form[data-autosave]")) {
  const words = form.querySelector("[data-autosave-status]");
  let saved = text(form);
  let wait;
  let busy;

  const say = (what) => {
    if (words) words.textContent = what ?? "";
  };

  const send = async (now) => {
    say(form.dataset.saving);
    try {
      const body = JSON.stringify({
        revision: Number(form.elements.revision.value),
        lang: location.pathname.split("/")[1],
        fields: JSON.parse(now),
      });
      const answer = await fetch(form.dataset.autosave, {
        method: "POST",
        body,
        headers: { accept: "application/json", "content-type": "application/json", "x-csrf-token": form.elements.csrf.value },
        keepalive: body.length < 60000,
      });
      // Another window was first: the next post of this page leads to the choice between the two.
      if (answer.status === 409) return say(form.dataset.failed);
      if (!answer.ok) throw new Error(String(answer.status));
      form.elements.revision.value = (await answer.json()).revision;
      saved = now;
      say(form.dataset.saved);
    } catch {
      say(form.dataset.failed);
      wait = setTimeout(save, RETRY_MS);
    }
  };

  const save = async () => {
    clearTimeout(wait);
    const now = text(form);
    if (now === saved || busy || form.dataset.sent) return;
    busy = send(now);
    await busy;
    busy = undefined;
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
  form.addEventListener(
    "submit",
    (event) => {
      clearTimeout(wait);
      if (!busy) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
      Promise.race([busy, patience]).then(() => {
        busy = undefined;
        form.requestSubmit(event.submitter);
      });
    },
    { capture: true },
  );
}

/** The form's values as JSON, without files and what the platform itself put there. */
function text(form) {
  const own = ["csrf", "revision"];
  return JSON.stringify([...new FormData(form)].filter(([name, value]) => !own.includes(name) && typeof value === "string"));
}

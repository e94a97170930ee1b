// Small helps for building pages: elements, fields, messages.

// h("p", { class: "hint" }, "words", child): text is always text, never markup.
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Says something to people who do not look at the screen.
export function say(words) {
  const place = document.getElementById("say");
  if (place.textContent !== words) place.textContent = words;
}

// Shows a view: its heading gets the focus, so that a keyboard or a reader starts there.
export function show(root, ...children) {
  root.replaceChildren(...children.flat().filter(Boolean));
  const title = root.querySelector("h1");
  if (title) {
    title.tabIndex = -1;
    title.focus({ preventScroll: true });
    document.title = `${title.textContent} – Causeway`;
  }
  scrollTo(0, 0);
}

export function problemBox(problem, t) {
  const title = problem.message || t("error.title");
  const advice = problem.advice || t("error.advice");
  return h(
    "div",
    { class: "errors", role: "alert", tabindex: "-1" },
    h("h2", {}, title),
    h("p", {}, advice),
    problem.code ? h("p", { class: "hint" }, problem.code) : null,
  );
}

// Puts a problem at the top of a form and gives it the focus.
export function complain(place, problem, t) {
  const box = problemBox(problem, t);
  place.replaceChildren(box);
  box.focus();
}

export function field(name, label, input, hint) {
  input.id = name;
  input.name = name;
  if (hint) input.setAttribute("aria-describedby", `${name}-hint`);
  return h(
    "div",
    { class: "field" },
    h("label", { for: name }, label),
    hint ? h("p", { class: "hint", id: `${name}-hint` }, hint) : null,
    input,
  );
}

export function choice(name, value, label, hint, checked, type = "radio") {
  const id = `${name}-${value}`;
  return h(
    "div",
    { class: "choice" },
    h("input", { type, id, name, value, checked, "aria-describedby": hint ? `${id}-hint` : undefined }),
    h("label", { for: id }, label),
    hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null,
  );
}

export function summary(rows, label) {
  return h(
    "dl",
    { class: "summary", "aria-label": label },
    rows.map(([key, value, action]) =>
      h(
        "div",
        { class: "summary-row" },
        h("dt", {}, key),
        h("dd", { class: "summary-value" }, value),
        action ? h("dd", { class: "summary-action" }, action) : null,
      ),
    ),
  );
}

// One press, one request: the button is out of use until `work` has ended.
export function busy(button, work) {
  return async (event) => {
    event?.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    try {
      await work(event);
    } finally {
      button.disabled = false;
    }
  };
}

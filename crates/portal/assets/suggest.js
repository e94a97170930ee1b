// Names of services under a search box while typing. The form works the same without it.
const WAIT_MS = 150;
for (const box of document.querySelectorAll("input[data-suggest]")) {
  const list = document.getElementById(box.getAttribute("list"));
  let timer = 0;
  let asked = "";
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const words = box.value.trim();
      if (words.length < 2 || words === asked) return;
      asked = words;
      const answer = await fetch(`${box.dataset.suggest}&q=${encodeURIComponent(words)}`).catch(() => null);
      if (!answer || !answer.ok || box.value.trim() !== words) return;
      const { suggestions } = await answer.json();
      list.replaceChildren(...suggestions.map(({ name }) => Object.assign(document.createElement("option"), { value: name })));
    }, WAIT_MS);
  });
}

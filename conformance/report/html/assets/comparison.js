/* Adds what a page without scripts cannot do: filters, search, and links that show what a filter hides. It only reads
   the page, and sets `hidden`, `open` and one line of text. */
(() => {
  const form = document.querySelector("form.filters");
  const target = () => document.getElementById(chatParity.address().anchor);

  const items = form ? [...document.querySelectorAll(".scenario")].map((element) => ({
    element,
    verdict: element.closest(".feature")?.dataset.verdict ?? "",
    level: element.dataset.level.split(" "),
    outcome: element.dataset.outcome,
    text: `${(element.querySelector("summary") ?? element).textContent} ${element.querySelector(".foot")?.textContent ?? ""}`
      .toLowerCase(),
    above: element.closest(".rule") !== null,
  })) : [];
  const boxes = form ? [...document.querySelectorAll(".group, .feature, article.rule")].reverse() : [];

  const wanted = () => {
    const field = (name) => form.elements.namedItem(name).value;
    return {
      words: field("words").toLowerCase().split(/\s+/).filter(Boolean),
      verdict: field("verdict"), level: field("level"), outcome: field("outcome"),
    };
  };
  const fits = (item, by) =>
    (!by.verdict || item.above || item.verdict === by.verdict) &&
    (!by.level || item.level.includes(by.level)) &&
    (!by.outcome || item.outcome === by.outcome) &&
    by.words.every((word) => item.text.includes(word));

  const apply = () => {
    const by = wanted();
    const active = Boolean(by.words.length || by.verdict || by.level || by.outcome);
    const shown = target();
    const linked = shown?.closest(".scenario") ?? null;
    let count = 0, total = 0;
    for (const item of items) {
      const fitting = fits(item, by);
      item.element.hidden = !(fitting || item.element === linked);
      if (!item.above) {
        total += 1;
        count += fitting ? 1 : 0;
      }
    }
    for (const box of boxes) { // the inner ones first
      const some = box.querySelector(".scenario:not([hidden])") !== null;
      const alone = box.matches(".feature") && (!active || (!by.words.length && !by.level && !by.outcome && box.dataset.verdict === by.verdict));
      box.hidden = !some && !alone && box !== shown?.closest(".feature");
      if (active && some && !box.hidden && box instanceof HTMLDetailsElement) box.open = count <= 200;
    }
    for (const row of document.querySelectorAll(".matrix tbody tr")) {
      row.hidden = Boolean(by.verdict) && row.dataset.verdict !== by.verdict;
    }
    form.querySelector("output").textContent = active
      ? `${count.toLocaleString("en")} of ${total.toLocaleString("en")} scenarios`
      : `${total.toLocaleString("en")} scenarios`;
  };

  const follow = () => {
    const shown = target();
    if (form) {
      chatParity.recall(form);
      apply();
      chatParity.remember(form); // a link to an anchor has dropped the filters from the address
    }
    if (!shown) return;
    chatParity.open(shown);
    chatParity.aim(shown);
  };
  const changed = () => {
    apply();
    chatParity.remember(form);
  };

  if (form) {
    form.hidden = false;
    form.addEventListener("input", changed);
    form.addEventListener("reset", () => setTimeout(changed)); // the fields are cleared after the event
    form.addEventListener("submit", (event) => event.preventDefault());
  }
  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => { // a link to where we are already changes no hash
    const link = event.target instanceof Element ? event.target.closest("a[href^='#']") : null;
    if (link && link.hash === location.hash) follow();
  });
  follow();
})();

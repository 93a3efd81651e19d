/* Adds what a page without scripts cannot do: filters, search, links that show what a filter hides, and the rows of the
   scenarios where nothing changed, which are built from the page's data when somebody looks for them. */
(() => {
  const { make, badge, plural } = chatParity;
  const MOST_OPEN = 200; // matches of a filter that are opened at once
  const form = document.querySelector("form.filters");

  /* What is on the page from the start, and the data of the rest; an item without an element is not built yet. */
  const features = [...document.querySelectorAll(".feature")].map((element) => {
    const rest = element.querySelector("script.rest");
    const own = [...element.querySelectorAll(".scenario")].map((one) => ({ element: one, level: one.dataset.level.split(" "),
      outcome: one.dataset.outcome, text: one.querySelector("summary").textContent + one.querySelector(".foot").textContent }));
    const others = rest ? JSON.parse(rest.textContent).map((data) => ({ element: null, data, level: data.levels,
      outcome: data.change, text: `${data.change} ${data.key} ${data.title} ${data.rules.join(" ")} ${data.levels.join(" ")}` })) : [];
    const items = [...own, ...others];
    for (const item of items) item.text = item.text.toLowerCase();
    return { element, verdict: element.dataset.verdict, items, list: element.querySelector(".list") };
  });
  const word = (text) => (text ? badge(text) : "–");
  const row = ({ key, title, change, old, now, why, rules, levels }) => {
    const body = make("div", "body", make("p", "", word(old), " → ", word(now), why ? ` ${why}` : ""),
      make("p", "foot", ...rules.flatMap((rule) => [make("b", "", rule), " "]), make("span", "", levels.join(", ")), " ", chatParity.self(key)));
    body.id = key;
    return make("details", "scenario", make("summary", "", badge(change), " ", make("span", "name", key), " ", make("span", "title", title)), body);
  };
  const build = (feature) => {
    for (const item of feature.items) {
      if (item.element) continue;
      item.element = row(item.data);
      item.element.hidden = item.out ?? false;
      feature.list.append(item.element);
    }
  };
  const target = () => {
    const { anchor } = chatParity.address();
    const there = document.getElementById(anchor);
    const feature = there ? null : features.find((one) => one.items.some((item) => item.data?.key === anchor));
    if (feature) build(feature);
    return feature ? document.getElementById(anchor) : there;
  };

  const apply = () => {
    const field = (name) => form.elements.namedItem(name).value;
    const words = field("words").toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = field("verdict"), level = field("level"), outcome = field("outcome");
    const narrow = Boolean(words.length || level || outcome), active = narrow || Boolean(verdict);
    const shown = target(), linked = shown?.closest(".scenario") ?? null;
    let count = 0, total = 0;
    for (const feature of features) {
      for (const item of feature.items) {
        const fits = (!verdict || feature.verdict === verdict) && (!level || item.level.includes(level)) &&
          (!outcome || item.outcome === outcome) && words.every((one) => item.text.includes(one));
        item.out = !fits && !(linked && item.element === linked);
        if (item.element) item.element.hidden = item.out;
        total += 1;
        count += fits ? 1 : 0;
      }
    }
    for (const feature of features) {
      const some = feature.items.some((item) => !item.out), alone = !narrow && (!verdict || verdict === feature.verdict);
      feature.element.hidden = !some && !alone && feature.element !== shown?.closest(".feature");
      if (active && some) feature.element.open = count <= MOST_OPEN;
      if (feature.element.open) build(feature);
    }
    for (const each of document.querySelectorAll(".matrix tbody tr")) each.hidden = Boolean(verdict) && each.dataset.verdict !== verdict;
    form.querySelector("output").textContent = active ? `${count.toLocaleString("en")} of ${plural(total, "scenario")}` : plural(total, "scenario");
  };

  const follow = () => {
    chatParity.recall(form);
    apply();
    chatParity.remember(form); // a link to an anchor has dropped the filters from the address
    const shown = target();
    if (!shown) return;
    chatParity.open(shown);
    chatParity.aim(shown);
  };
  const changed = () => {
    apply();
    chatParity.remember(form);
  };

  form.hidden = false;
  form.addEventListener("input", changed);
  form.addEventListener("reset", () => setTimeout(changed)); // the fields are cleared after the event
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("toggle", (event) => {
    const feature = features.find((one) => one.element === event.target && one.element.open);
    if (feature) build(feature);
  }, true);
  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => { // a link to where we are already changes no hash
    const link = event.target instanceof Element ? event.target.closest("a[href^='#']") : null;
    if (link && link.hash === location.hash) follow();
  });
  follow();
})();

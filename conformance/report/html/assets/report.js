/* Builds the lists of scenarios from the page's data when they are opened, filters them, follows links into them, copies
   commands and transcripts, and shows frames and scenario files. Without scripts, what failed is there all the same. */
(() => {
  const { make, slug, badge, link, plural } = chatParity;
  const SOURCES = JSON.parse(document.getElementById("sources").textContent);
  const MOST_OPEN = 200; // matches of a filter that are opened at once
  const form = document.querySelector("form.filters");

  const details = (kind, summary, build) => {
    const element = make("details", kind, make("summary", "", ...summary));
    builders.set(element, build);
    return element;
  };

  /* Elements that are empty until somebody opens them, and what fills each. */
  const builders = new WeakMap();
  const fill = (element) => {
    const build = builders.get(element);
    builders.delete(element);
    if (build) element.append(build());
    if (element.matches(".scenario, .probe")) equip(element);
  };
  const openAll = (element) => {
    for (let up = element; up; up = up.parentElement) {
      if (up instanceof HTMLDetailsElement) {
        up.open = true;
        fill(up);
      }
    }
  };

  /* Transcripts. */
  const line = ([moment, who, way, kind, content, mark, wire]) => {
    const element = make("span", mark ? "w bad" : "w", make("span", "at", moment), " ", make("b", "who", who), " ",
      make("span", "way", way), " ", ...(kind ? [make("b", "kind", kind), " "] : []), make("span", "what", content));
    if (mark) element.append(" ", make("mark", "", `← ${mark}`));
    element.append("\n");
    if (wire) element.append(make("span", "raw", `on the wire: ${wire}`), "\n");
    return element;
  };
  const wire = (some, label) => {
    const found = [];
    if (some.shown) {
      const box = make("div", "wire");
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", `Transcript of ${label}`);
      box.tabIndex = 0;
      const hidden = (lines, word) => make("details", "more", make("summary", "", `${lines.length} ${word}`), make("pre", "", ...lines.map(line)));
      if (some.before) box.append(hidden(some.before, "earlier"));
      box.append(make("pre", "", ...some.shown.map(line)));
      if (some.after) box.append(hidden(some.after, "later"));
      frames.set(box, [...(some.before ?? []), ...some.shown, ...(some.after ?? [])].map((one) => one[7]));
      found.push(box);
    }
    if (some.note) found.push(make("p", "quiet", some.note));
    if (some.gone) found.push(make("p", "quiet", `${plural(some.gone, "line")} of the transcript left out here; the recorded run has them.`));
    return found;
  };

  /* One scenario of a list. */
  const body = (key, group, one) => {
    const inner = make("div", "body");
    inner.id = key;
    if (one.attempts) inner.append(make("p", "", `Attempts: ${one.attempts.join(", ")}`));
    if (one.reason) inner.append(make("p", "", one.reason));
    for (const [place, step, said] of one.problems ?? []) {
      const problem = make("p", "problem", make("code", "", place), ...(step ? [" ", make("b", "", step)] : []));
      for (const text of said) problem.append(make("br"), text);
      inner.append(problem);
    }
    if (one.more) inner.append(make("p", "quiet", `… and ${plural(one.more, "more problem")}`));
    inner.append(...wire(one.wire ?? {}, key));
    inner.append(make("p", "foot", ...group.rules.flatMap((rule) => [link(`rule-${rule}`, rule), " "]),
      make("span", "", group.levels.join(", ")), " ", make("code", "", `${group.file}:${one.line}`), " ",
      make("span", "", one.time ?? ""), " ", chatParity.self(key)));
    if (one.again) inner.append(make("p", "again", make("span", "", "Again"), " ", make("code", "", one.again)));
    return inner;
  };
  const row = ({ key, group, one }, titled) => {
    const title = one.title ?? (titled ? group.title : "");
    if (one.above) {
      const pointer = make("p", "scenario pointer", badge(one.status), " ", link(key, key, "name"), " ", make("span", "title", title));
      return pointer;
    }
    const name = make("span", "name", group.base, ...(one.case ? [make("wbr"), `[${one.case}]`] : []));
    return details(`scenario is-${slug(one.status)}`, [badge(one.status), " ", name, " ", make("span", "title", title)],
      () => body(key, group, one));
  };

  /* The features, their scenarios, and the list of each that fits the filters. */
  const cases = [], byKey = new Map();
  const features = [...document.querySelectorAll(".feature")].map((element) => {
    const island = element.querySelector("script.cases"), feature = { element, verdict: element.dataset.verdict, list: element.querySelector(".list") };
    feature.groups = island ? JSON.parse(island.textContent).map((group) => ({ group, items: group.cases.map((one) => {
      const key = `${group.base}${one.case ? `[${one.case}]` : ""}`;
      const item = { key, group, one, feature, fits: true,
        text: `${key} ${one.title ?? group.title} ${group.rules.join(" ")} ${group.file}`.toLowerCase() };
      cases.push(item);
      byKey.set(key, item);
      return item;
    }) })) : [];
    return feature;
  });
  let active = false, count = 0, linked = null;
  const shows = (item) => item.fits || item === linked;
  const list = (feature) => {
    if (!feature.list || feature.fresh) return;
    feature.fresh = true;
    feature.rows = new Map();
    feature.list.replaceChildren(...feature.groups.flatMap(({ group, items }) => {
      const shown = items.filter(shows);
      if (!shown.length) return [];
      if (items.length === 1) {
        const only = row(items[0], true);
        feature.rows.set(items[0].key, only);
        return [only];
      }
      const tallies = group.counts.flatMap(([word, some]) => [make("span", "tally", badge(word), ` ${some}`), " "]);
      const box = details("group", [...tallies, make("span", "name", group.base), " ", make("span", "title", group.title)], () => {
        const inner = make("div", "body");
        for (const item of shown) {
          const one = row(item, false);
          feature.rows.set(item.key, one);
          inner.append(one);
        }
        return inner;
      });
      for (const item of shown) feature.rows.set(item.key, box);
      if ((active && count <= MOST_OPEN) || ["FAIL", "FLAKY"].includes(group.status)) openAll(box);
      return [box];
    }));
    if (!feature.groups.length) feature.list.append(make("p", "quiet", "None of its scenarios was run."));
  };

  /* The filters. */
  const above = [...document.querySelectorAll("article.rule .scenario")].map((element) => ({ element,
    level: element.dataset.level.split(" "), outcome: element.dataset.outcome, text: "" }));
  const articles = [...document.querySelectorAll("article.rule")];
  const apply = () => {
    const field = (name) => form.elements.namedItem(name).value;
    const words = field("words").toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = field("verdict"), level = field("level"), outcome = field("outcome");
    const narrow = Boolean(words.length || level || outcome);
    const fits = (text, levels, word) => (!level || levels.includes(level)) && (!outcome || word === outcome) && words.every((one) => text.includes(one));
    const anchor = chatParity.address().anchor;
    active = narrow || Boolean(verdict);
    linked = byKey.get(anchor) ?? null;
    count = 0;
    for (const item of cases) {
      item.fits = (!verdict || item.feature.verdict === verdict) && fits(item.text, item.group.levels, item.one.status);
      count += item.fits ? 1 : 0;
    }
    for (const item of above) {
      item.text ||= `${item.element.querySelector("summary").textContent} ${item.element.querySelector(".foot")?.textContent ?? ""}`.toLowerCase();
      item.element.hidden = !fits(item.text, item.level, item.outcome) && !item.element.contains(document.getElementById(anchor));
    }
    for (const box of articles) box.hidden = !box.querySelector(".scenario:not([hidden])");
    for (const feature of features) {
      const some = feature.groups.some(({ items }) => items.some(shows));
      const alone = !narrow && (!verdict || verdict === feature.verdict);
      feature.fresh = false;
      feature.element.hidden = !some && !alone && !feature.element.contains(document.getElementById(anchor));
      if (active && some) feature.element.open = count <= MOST_OPEN;
      if (feature.element.open) list(feature);
    }
    for (const each of document.querySelectorAll(".matrix tbody tr")) each.hidden = Boolean(verdict) && each.dataset.verdict !== verdict;
    form.querySelector("output").textContent = active
      ? `${count.toLocaleString("en")} of ${plural(cases.length, "scenario")}` : plural(cases.length, "scenario");
  };
  const changed = () => {
    apply();
    chatParity.remember(form);
  };

  /* Links. */
  const find = (anchor) => {
    const there = document.getElementById(anchor);
    if (there) return there;
    const item = byKey.get(anchor);
    if (!item) return null;
    openAll(item.feature.element);
    list(item.feature);
    openAll(item.feature.rows.get(item.key)); // its group, which fills the rows
    openAll(item.feature.rows.get(item.key));
    return document.getElementById(anchor);
  };
  const follow = () => {
    const { anchor, state } = chatParity.address();
    if (state.size) chatParity.recall(form);
    if (state.size || active || anchor) apply();
    chatParity.remember(form); // a link to an anchor has dropped the filters from the address
    const shown = anchor ? find(anchor) : null;
    if (!shown) return;
    openAll(shown);
    chatParity.aim(shown);
  };

  /* What is copied, and what is shown of a frame or of a scenario's file. */
  const frames = new WeakMap();
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // an old browser, or one that asks first and was refused
      const area = make("textarea", "unseen", text);
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  const copier = (word, text) => {
    const button = make("button", "copy", word);
    button.type = "button";
    button.addEventListener("click", async () => {
      await copy(text());
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = word; }, 2000);
    });
    return button;
  };
  const expander = (element, frame) => {
    const button = make("button", "frame", "{ }");
    button.type = "button";
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-label", "The whole frame as JSON");
    button.addEventListener("click", () => {
      const shown = element.querySelector(".pretty");
      if (shown) shown.remove();
      else element.append(make("span", "pretty", frame));
      button.setAttribute("aria-expanded", String(!shown));
    });
    element.prepend(button);
  };
  const plain = (element) => [...element.childNodes].filter((one) => !(one instanceof Element && one.matches(".pretty, .frame")))
    .map((one) => one.textContent).join("").trimEnd();
  const source = (place) => {
    const [, file, number] = place.match(/^(.*):(\d+)$/s) ?? [];
    if (!Object.hasOwn(SOURCES, file ?? "")) return null;
    const [start, text] = SOURCES[file], at = Number(number) - start;
    return details("source", [`${file}, line ${number}`], () => {
      const lines = text.split("\n"), end = lines.length - 1;
      const before = lines.slice(0, at).map((one) => `${one}\n`).join("");
      const box = make("pre", "", before, make("mark", "", `${lines[at] ?? ""}\n`), lines.slice(at + 1, end + 1).join("\n"));
      box.tabIndex = 0;
      return box;
    });
  };
  const equip = (scenario) => {
    if (scenario.dataset.equipped) return;
    scenario.dataset.equipped = "yes";
    for (const again of scenario.querySelectorAll(".again")) {
      again.append(" ", copier("Copy", () => again.querySelector("code").textContent));
    }
    for (const box of scenario.querySelectorAll(".wire")) {
      const island = box.querySelector("script"), lines = [...box.querySelectorAll(".w")];
      const some = frames.get(box) ?? (island ? JSON.parse(island.textContent) : []);
      lines.forEach((one, index) => { if (some[index]) expander(one, some[index]); });
      box.after(copier("Copy transcript", () => lines.map(plain).join("\n")));
    }
    const seen = new Set();
    for (const code of scenario.querySelectorAll(".problem > code:first-child")) {
      const made = seen.has(code.textContent) ? null : source(code.textContent);
      seen.add(code.textContent);
      if (made) code.parentElement.after(made);
    }
  };

  document.addEventListener("toggle", (event) => {
    const element = event.target;
    if (!(element instanceof HTMLDetailsElement) || !element.open) return;
    fill(element);
    const feature = features.find((one) => one.element === element);
    if (feature) list(feature);
  }, true);

  /* On paper the failures are open, as there is nothing to click. */
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("article.rule details:not([open])")];
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });

  form.hidden = false;
  form.addEventListener("input", changed);
  form.addEventListener("reset", () => setTimeout(changed)); // the fields are cleared after the event
  form.addEventListener("submit", (event) => event.preventDefault());
  form.querySelector("output").textContent = plural(cases.length, "scenario");
  for (const feature of features) if (feature.element.open) list(feature);
  for (const one of document.querySelectorAll("article.rule .scenario[open]")) equip(one);
  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => { // a link to where we are already changes no hash
    const to = event.target instanceof Element ? event.target.closest("a[href^='#']") : null;
    if (to && to.hash === location.hash) follow();
  });
  follow();
})();

"use strict";
/* What the pages share. The script only reads the page and its data, and builds elements from plain text. */
const chatParity = (() => {
  /* The part of the address after `#`: an anchor, and the state of the filters after a question mark. */
  const address = () => {
    const [anchor, state] = location.hash.slice(1).split(/\?(.*)/s);
    try {
      return { anchor: decodeURIComponent(anchor), raw: anchor, state: new URLSearchParams(state ?? "") };
    } catch {
      return { anchor: "", raw: "", state: new URLSearchParams(state ?? "") }; // an encoding of nothing
    }
  };
  const FIELDS = ["words", "verdict", "level", "outcome"];
  const remember = (form) => {
    const state = new URLSearchParams();
    for (const name of FIELDS) {
      const value = form.elements.namedItem(name).value;
      if (value) state.set(name, value);
    }
    const { raw } = address();
    const hash = `${raw}${state.size ? `?${state}` : ""}`;
    if (hash !== location.hash.slice(1)) history.replaceState(null, "", `${location.href.split("#")[0]}${hash ? `#${hash}` : ""}`);
  };
  const recall = (form) => {
    const { state } = address();
    if (!state.size) return;
    for (const name of FIELDS) {
      const field = form.elements.namedItem(name), value = state.get(name) ?? "";
      field.value = value;
      if (field.value !== value) field.value = ""; // no such choice
    }
  };
  const open = (element) => {
    for (let up = element; up; up = up.parentElement) {
      if (up instanceof HTMLDetailsElement) up.open = true;
    }
  };
  const bar = document.querySelector("form.filters");
  const makeRoomForBar = () => {
    if (!bar) return;
    const height = getComputedStyle(bar).position === "sticky" ? bar.offsetHeight : 0;
    document.documentElement.style.scrollPaddingTop = `${height + 12}px`;
  };
  if (bar) new ResizeObserver(makeRoomForBar).observe(bar);
  /* Show where a link leads, below the bar that stays at the top. */
  const aim = (element) => {
    makeRoomForBar(); // the observer may not have been called yet
    for (const one of document.querySelectorAll(".aimed")) one.classList.remove("aimed");
    const shown = element.closest("details.scenario, details.feature, details.probe, tr") ?? element;
    shown.classList.add("aimed");
    shown.scrollIntoView({ block: "start" });
  };
  /* Elements of plain text. */
  const make = (tag, kind, ...children) => {
    const element = document.createElement(tag);
    if (kind) element.className = kind;
    element.append(...children.filter((one) => one !== null && one !== ""));
    return element;
  };
  const icons = JSON.parse(document.getElementById("icons").textContent);
  const slug = (word) => word.toLowerCase().replaceAll(" ", "-");
  const badge = (word) => {
    const sign = make("span", "", icons[word] ?? "");
    sign.setAttribute("aria-hidden", "true");
    return make("span", `badge is-${slug(word)}`, sign, ` ${word}`);
  };
  const link = (anchor, text, kind = "") => {
    const element = make("a", kind, text);
    element.href = `#${encodeURIComponent(anchor)}`;
    return element;
  };
  const self = (key) => {
    const element = link(key, "#", "self");
    element.setAttribute("aria-label", `Link to ${key}`);
    return element;
  };
  const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
  return { make, slug, badge, link, self, plural, address, remember, recall, open, aim };
})();

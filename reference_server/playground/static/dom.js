// Builds elements. A text is always a text node, so that nothing in it can become markup.

let last = 0

/** Give an id that no other element has. */
export const newId = (name) => `${name}-${(last += 1)}`

/** Build an element: a function is a listener, true and false set a plain attribute, and null leaves it out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value)
    else if (typeof value === "boolean") element.toggleAttribute(name, value)
    else if (value !== null && value !== undefined) element.setAttribute(name, value)
  }
  element.append(...children.filter((child) => child !== null && child !== undefined))
  return element
}

/** Build a button. */
export const button = (text, click, attributes = {}) => h("button", { type: "button", click, ...attributes }, text)

/** Build a label and its control, which gets an id. */
export function labelled(text, control, attributes = {}) {
  control.id ||= newId("field")
  return h("div", { class: "field", ...attributes }, h("label", { for: control.id }, text), control)
}

/** Replace the options of a select, and keep what was chosen where it is still there. */
export function setOptions(select, options) {
  const chosen = select.value
  select.replaceChildren(...options.map(([value, text]) => h("option", { value }, text)))
  if (options.some(([value]) => value === chosen)) select.value = chosen
}

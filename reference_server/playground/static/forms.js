// Makes a form from the JSON Schema of a request, and reads the request from it.

import { button, h, labelled, newId, setOptions } from "./dom.js"

const LEFT_OUT = "left out"
const VALUE = "value"
const NULL = "null"

/** Give a schema without references: `../common.json#/$defs/NAME` is `shared[NAME]`. */
export function resolve(schema, shared) {
  const name = schema.$ref?.split("/").at(-1)
  return name ? { ...resolve(shared[name], shared), ...schema, $ref: undefined } : schema
}

/** Build the form of a request. `suggest` gives values by the name of a field; `send` gets the finished request. */
export function requestForm(schema, shared, suggest, send) {
  const examples = schema.examples ?? []
  const body = objectField(schema, shared, { suggest, examples })
  const status = h("p", { role: "status" })
  const preview = h("code")
  const form = h(
    "form",
    { novalidate: true, "aria-label": schema.title },
    h("p", { class: "hint" }, schema.description),
    body.element,
    h("pre", { class: "preview" }, preview),
    h("p", { class: "buttons" }, h("button", {}, `Send ${schema.title}`)),
    status,
  )
  const show = () => {
    preview.textContent = JSON.stringify(body.read())
  }
  form.addEventListener("input", show)
  form.addEventListener("change", show)
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    status.textContent = form.reportValidity() ? send(body.read()) : "A field is not valid."
  })
  show()
  return { element: form, refresh: () => body.refresh?.() }
}

/** Build the fields of an object; a field that is not required can be left out. */
function objectField(schema, shared, context) {
  const required = new Set(schema.required ?? [])
  const fields = Object.entries(schema.properties).map(([name, raw]) => {
    const part = resolve(raw, shared)
    const within = { ...context, name, examples: context.examples.map((example) => example?.[name]) }
    const field = anyField(part, shared, within)
    return [name, required.has(name) ? field : optionalField(part, field, name)]
  })
  return {
    element: h("div", { class: "fields" }, ...fields.map(([, field]) => field.element)),
    read() {
      const values = fields.map(([name, field]) => [name, field.read()])
      return Object.fromEntries(values.filter(([, value]) => value !== undefined))
    },
    refresh: () => fields.forEach(([, field]) => field.refresh?.()),
  }
}

/** Put a choice before a field: left out, a value, or null where the schema allows it. */
function optionalField(schema, field, name) {
  const nullable = [schema.type].flat().includes(NULL) || schema.enum?.includes(null)
  const choice = h("select", { class: "given", change: apply })
  setOptions(choice, [[LEFT_OUT, LEFT_OUT], [VALUE, VALUE], ...(nullable ? [[NULL, NULL]] : [])])
  const inner = h("div", { class: "optional" }, field.element)
  function apply() {
    inner.hidden = choice.value !== VALUE
    for (const control of inner.querySelectorAll("input, textarea, select")) control.disabled = inner.hidden
  }
  apply()
  return {
    element: h("div", { class: "choice" }, labelled(`${name}?`, choice), inner),
    read: () => (choice.value === VALUE ? field.read() : choice.value === NULL ? null : undefined),
    refresh: field.refresh,
  }
}

function anyField(schema, shared, context) {
  const kind = [schema.type].flat().find((type) => type !== NULL)
  if (schema.const !== undefined) return { element: h("span", { hidden: true }), read: () => schema.const }
  if (schema.enum) return enumField(schema, context)
  if (kind === "array") return listField(schema, shared, context)
  if (kind === "object") {
    const inner = objectField(schema, shared, context)
    return { ...inner, element: h("fieldset", {}, h("legend", {}, context.name), inner.element) }
  }
  if (kind === "boolean") return booleanField(schema, context)
  if (kind === "integer" || kind === "number") return numberField(schema, context, kind)
  return textField(schema, context)
}

const exampleOf = ({ examples }) => examples.find((example) => example !== undefined && example !== null)

function enumField(schema, { name }) {
  const select = h("select")
  setOptions(select, schema.enum.filter((value) => value !== null).map((value) => [value, value]))
  return { element: described(name, select, schema), read: () => select.value }
}

function booleanField(schema, context) {
  const box = h("input", { type: "checkbox", checked: exampleOf(context) ?? false })
  return { element: described(context.name, box, schema), read: () => box.checked }
}

function numberField(schema, context, kind) {
  const step = kind === "integer" ? "1" : "any"
  const input = h("input", { type: "number", step, required: true, value: exampleOf(context) ?? 0 })
  return { element: described(context.name, input, schema), read: () => Number(input.value) }
}

/** A text has several lines where an example has; a text with a pattern is checked before it is sent. */
function textField(schema, context) {
  const example = String(exampleOf(context) ?? "")
  const lines = /[\r\n]/.test(example)
  const input = lines ? h("textarea", { rows: 3 }) : h("input", { type: "text", autocomplete: "off" })
  input.spellcheck = false
  const known = context.suggest(context.name)
  const list = known ? h("datalist", { id: newId("known") }) : null
  if (list) input.setAttribute("list", list.id)
  input.value = known?.()[0]?.[0] ?? (lines ? example.replaceAll("\r\n", "\n") : known && schema.pattern ? "" : example)
  const pattern = schema.pattern ? new RegExp(schema.pattern, "u") : null
  const check = () => {
    const wrong = pattern && !(pattern.test(input.value) && input.value.length <= (schema.maxLength ?? Infinity))
    input.setCustomValidity(wrong ? `${schema.title ?? "The value"}: ${schema.description}` : "")
  }
  input.addEventListener("input", check)
  const refresh = () => {
    if (!known) return
    const values = known()
    list.replaceChildren(...values.map(([value, text]) => h("option", { value }, text)))
    if (!input.value && values.length) input.value = values[0][0]
    check()
  }
  refresh()
  check()
  const element = described(context.name, input, schema)
  if (list) element.append(list)
  return { element, read: () => (lines ? input.value.replaceAll("\n", "\r\n") : input.value), refresh }
}

function listField(schema, shared, context) {
  const items = []
  const rows = h("ol", { class: "items list" })
  const examples = context.examples.flat()
  const add = () => {
    const item = anyField(resolve(schema.items, shared), shared, { ...context, examples })
    const row = h("li", {}, item.element)
    const entry = { read: item.read }
    row.append(
      button("Remove", () => {
        items.splice(items.indexOf(entry), 1)
        row.remove()
        rows.dispatchEvent(new Event("change", { bubbles: true }))
      }),
    )
    items.push(entry)
    rows.append(row)
    rows.dispatchEvent(new Event("change", { bubbles: true }))
  }
  const group = h("fieldset", {}, h("legend", {}, context.name), rows, button("Add one", add))
  if (schema.items) add()
  return { element: group, read: () => items.map((item) => item.read()) }
}

function described(name, control, schema) {
  const hint = h("small", { id: newId("hint"), class: "hint" }, schema.description ?? "")
  control.setAttribute("aria-describedby", hint.id)
  control.setAttribute("name", name)
  const field = labelled(name, control)
  field.append(hint)
  return field
}

"use strict";
// Shows the document beside this page. Whatever it says is text, never markup.
const make = (name, text, className) => {
  const e = document.createElement(name);
  if (text) e.textContent = text;
  if (className) e.className = className;
  return e;
};

// sample is a value of a schema, as an example.
const sample = (doc, schema, depth = 0) => {
  if (!schema || depth > 6) return null;
  if (schema.$ref) return sample(doc, doc.components.schemas[schema.$ref.split("/").pop()], depth + 1);
  if ("default" in schema) return schema.default;
  if (schema.anyOf) return sample(doc, schema.anyOf[0], depth + 1);
  switch (schema.type) {
    case "object":
      return Object.fromEntries(Object.entries(schema.properties || {}).map(([name, s]) => [name, sample(doc, s, depth + 1)]));
    case "array": return [sample(doc, schema.items, depth + 1)];
    case "boolean": return true;
    case "integer": case "number": return 0;
    case "string": return { email: "ann@example.com", password: "a long password", "date-time": "2026-01-02T03:04:05Z" }[schema.format] || "string";
  }
  return null;
};

const json = value => make("pre", JSON.stringify(value, null, 2));

const operation = (doc, method, path, op) => {
  const box = make("details"), line = make("summary");
  line.append(make("b", method.toUpperCase(), "method " + method), make("code", path, "path"), make("span", op.summary));
  if (op.security) line.append(make("span", "", "lock"));
  const inside = make("div");
  for (const p of op.parameters || []) {
    const row = make("p");
    row.append(make("code", p.name), ` in the ${p.in}${p.required ? ", required" : ""}`);
    inside.append(row);
  }
  for (const [type, content] of Object.entries(op.requestBody?.content || {})) {
    inside.append(make("h3", `Body, ${type}`), json(sample(doc, content.schema)));
  }
  for (const [status, r] of Object.entries(op.responses)) {
    inside.append(make("h3", `${status}: ${r.description}`));
    const content = r.content?.["application/json"];
    for (const [code, e] of Object.entries(content?.examples || {})) {
      inside.append(make("p", e.summary), "value" in e ? json(e.value) : make("code", code));
    }
    if (content && !content.examples && content.schema.$ref) inside.append(json(sample(doc, content.schema)));
  }
  box.append(line, inside);
  return box;
};

(async () => {
  const main = document.getElementById("main");
  try {
    const doc = await (await fetch("openapi.json")).json();
    document.title = doc.info.title;
    document.getElementById("title").textContent = `${doc.info.title} ${doc.info.version}`;
    document.getElementById("about").textContent = doc.info.description || "";
    const groups = new Map();
    for (const [path, item] of Object.entries(doc.paths)) {
      for (const [method, op] of Object.entries(item)) {
        const tag = op.tags[0];
        if (!groups.has(tag)) groups.set(tag, make("section")).get(tag).append(make("h2", tag));
        groups.get(tag).append(operation(doc, method, path, op));
      }
    }
    main.append(...groups.values());
  } catch (e) {
    main.append(make("p", `openapi.json cannot be shown: ${e.message}`));
  }
})();

// Draws /openapi.json: every operation with its parameters, body and answers, and a form that sends it.
// Everything from the document goes into the page as text, never as markup.
"use strict";

const made = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
};

// A text in which `this` is code.
const prose = (text) => made("span", {}, ...String(text || "").split(/`([^`]+)`/).map((part, index) => index % 2 ? made("code", {}, part) : part));

const METHODS = ["get", "post", "put", "patch", "delete"];
let api;

const resolved = (part) => {
  for (let steps = 0; part && part.$ref && steps < 20; steps += 1) {
    part = part.$ref.split("/").slice(1).reduce((at, name) => at && at[name.replace(/~1/g, "/").replace(/~0/g, "~")], api);
  }
  return part || {};
};

const lengths = ({ minLength: least, maxLength: most }) => {
  if (least !== undefined && most !== undefined) return least === most ? `${most} characters` : `${least} to ${most} characters`;
  if (least !== undefined) return `${least} or more characters`;
  return most !== undefined && `at most ${most} characters`;
};

const kind = (schema) => {
  schema = resolved(schema);
  const types = [].concat(schema.type || []);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const several = schema.oneOf || schema.anyOf;
  if (several) return several.map(kind).join(" or ");
  if (types.includes("array")) return `list of ${kind(schema.items || {})}`;
  const limits = [
    schema.format, schema.pattern && `like ${schema.pattern}`,
    schema.minimum !== undefined && `≥ ${schema.minimum}`, schema.maximum !== undefined && `≤ ${schema.maximum}`,
    lengths(schema),
  ].filter(Boolean);
  return (types.join(" or ") || "anything") + (limits.length ? ` (${limits.join(", ")})` : "");
};

const members = (schema, prefix = "", depth = 0) => {
  schema = resolved(schema);
  if (depth > 4) return [];
  if (schema.items) return members(schema.items, `${prefix}[]`, depth + 1);
  return Object.entries(schema.properties || {}).flatMap(([name, member]) => {
    const path = prefix ? `${prefix}.${name}` : name;
    const needed = (schema.required || []).includes(name);
    return [{ path, needed, schema: resolved(member) }, ...members(member, path, depth + 1)];
  });
};

const table = (heads, rows) => rows.length
  ? made("table", {}, made("tr", {}, ...heads.map((head) => made("th", {}, head))),
      ...rows.map((row) => made("tr", {}, ...row.map((cell) => made("td", {}, cell)))))
  : null;

const shape = (schema) => table(["Member", "What it is", ""], members(schema).map((member) => [
  made("code", {}, ...member.path.split(/(?<=\.)/).flatMap((part) => [part, made("wbr")]), member.needed ? made("span", { class: "need", title: "needed" }, " *") : ""),
  kind(member.schema), prose(member.schema.description),
]));

const example = (schema, depth = 0) => {
  schema = resolved(schema);
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  const one = (schema.oneOf || schema.anyOf || [])[0];
  if (one) return example(one, depth + 1);
  const type = [].concat(schema.type || [])[0];
  if (type === "array") return depth > 6 ? [] : [example(schema.items || {}, depth + 1)];
  if (type === "object" || schema.properties) {
    const needed = Object.entries(schema.properties || {}).filter(([name]) => (schema.required || []).includes(name));
    return Object.fromEntries(needed.map(([name, member]) => [name, example(member, depth + 1)]));
  }
  return { string: "text", integer: schema.minimum || 1, number: schema.minimum || 1, boolean: true }[type] ?? null;
};

const quoted = (text) => `'${String(text).replace(/'/g, "'\\''")}'`;

const operation = (path, method, spec, shared) => {
  const id = `${method}-${path}`.replace(/[^a-z0-9]+/gi, "-");
  const parameters = [...(shared || []), ...(spec.parameters || [])].map(resolved);
  const content = resolved(spec.requestBody).content;
  const body = content && resolved((content["application/json"] || {}).schema);
  const fields = parameters.map((parameter) => ({ parameter, input: made("input", { size: 40, value: parameter.example || "" }) }));
  const text = body && made("textarea", { spellcheck: "false" });
  if (text) text.value = JSON.stringify((content["application/json"] || {}).example || example(body), null, 2);
  const answer = made("div");
  const target = () => {
    let url = path;
    const query = new URLSearchParams();
    const headers = {};
    for (const { parameter, input } of fields) {
      if (parameter.in === "path") url = url.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
      else if (!input.value) continue;
      else if (parameter.in === "query") query.set(parameter.name, input.value);
      else headers[parameter.name] = input.value;
    }
    const key = document.getElementById("key").value;
    if (key) headers["x-api-key"] = key;
    if (text) headers["content-type"] = "application/json";
    return { url: url + (String(query) ? `?${query}` : ""), headers };
  };
  const curl = () => {
    const { url, headers } = target();
    const parts = [`curl -s -X ${method.toUpperCase()} ${quoted(location.origin + url)}`];
    for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
    if (text) parts.push(`-d ${quoted(text.value)}`);
    answer.replaceChildren(made("pre", {}, parts.join(" \\\n  ")));
  };
  const send = async () => {
    const { url, headers } = target();
    answer.replaceChildren("…");
    try {
      const response = await fetch(url, { method: method.toUpperCase(), headers, body: text ? text.value : undefined });
      const status = made("p", { class: `status ${response.ok ? "good" : "bad"}` }, `${response.status} ${response.statusText}`);
      const shown = made("pre");
      answer.replaceChildren(status, shown);
      if (!response.body) return;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let all = "";
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        all += next.value;
        shown.textContent = all;
      }
      if ((response.headers.get("content-type") || "").includes("json") && all) shown.textContent = JSON.stringify(JSON.parse(all), null, 2);
    } catch (error) {
      answer.replaceChildren(made("p", { class: "status bad" }, String(error)));
    }
  };
  document.getElementById("index").append(
    made("a", { href: `#${id}` }, made("span", { class: "method" }, method.toUpperCase()), path));
  return made("section", { id },
    made("h2", {}, made("span", { class: "method" }, method.toUpperCase()), made("code", {}, path)),
    made("p", {}, prose(spec.description || spec.summary)),
    table(["Parameter", "In", "What it is", ""], parameters.map((parameter) => [
      made("code", {}, parameter.name, parameter.required ? made("span", { class: "need", title: "needed" }, " *") : ""),
      parameter.in, kind(parameter.schema || {}), prose(parameter.description),
    ])),
    body && made("h3", {}, "Body"), body && shape(body),
    made("h3", {}, "Answers"),
    table(["Status", "When"], Object.entries(spec.responses || {}).map(([status, response]) => {
      response = resolved(response);
      const media = Object.values(response.content || {})[0];
      const inner = media && shape(media.schema);
      return [made("code", {}, status), made("div", {}, prose(response.description),
        inner && made("details", {}, made("summary", {}, "its members"), inner))];
    })),
    made("details", {}, made("summary", {}, "Try it"), made("div", { class: "try" },
      ...fields.map(({ parameter, input }) => made("label", {}, made("code", {}, parameter.name), input)),
      text, made("div", {}, made("button", { onclick: send }, "Send"), " ", made("button", { onclick: curl }, "As curl")), answer)));
};

fetch("/openapi.json").then((response) => {
  if (!response.ok) throw new Error(`/openapi.json answers ${response.status}`);
  return response.json();
}).then((document_) => {
  api = document_;
  document.title = document.getElementById("title").textContent = api.info.title;
  document.getElementById("about").textContent = api.info.description || "";
  // What most of the paths are about comes first: an API of orders begins with orders.
  const room = (path) => path.split("/")[1];
  const shared = (path) => Object.keys(api.paths).filter((other) => room(other) === room(path)).length;
  const paths = Object.entries(api.paths).sort(([one], [other]) => shared(other) - shared(one));
  const drawn = paths.flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => operation(path, method, item[method], item.parameters)));
  document.getElementById("operations").replaceChildren(...drawn);
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}).catch((error) => {
  document.getElementById("operations").replaceChildren(made("p", { class: "status bad" }, String(error)));
});

// Refuses what Chromium 90 does not know: syntax, interfaces and members of scripts, CSS, elements and attributes of
// templates. Started by tools/lint_browser.py with the files as arguments; prints file:line: reason, exit 1 on any.
//
// What a browser knows is looked up in MDN's browser-compat-data. A member is looked up by its name alone where its
// object is not a known interface, so one that is new on every interface that has it is found, and one that is old on
// some is not: `list.at(0)` is refused, `signal.any()` cannot be told from `Promise.any`. What is read without being
// called is looked up among what pages are made of only, since any record may have a field called `queue`.
import { readFileSync } from "node:fs";
import { parse as parseScript } from "acorn";
import * as css from "css-tree";

const OLDEST = 90;
const SYNTAX = 2021; // of ECMAScript; class fields came into the standard later and are refused with the rest
const data = JSON.parse(readFileSync(new URL("../node_modules/@mdn/browser-compat-data/data.json", import.meta.url)));

// Members of that name are not the browser's here.
const NOT_THE_BROWSERS = new Map([
  ["when", "a condition of a key in keys.js"],
  ["dispose", "of a chart of ECharts"],
]);
const OF_PAGES = /^(HTML|SVG|Element|Node|Document|Window|Navigator|Event|CharacterData|ShadowRoot)/;

const isThere = (statement) => {
  const { version_added: added, flags, prefix, alternative_name: renamed, version_removed: removed } = statement;
  if (flags || prefix || renamed || (removed && Number(removed) <= OLDEST)) return false;
  return added === true || (typeof added === "string" && added !== "preview" && Number(added.replace("≤", "")) <= OLDEST);
};

// null: nothing is known of it
function known(feature) {
  if (!feature || !feature.__compat) return null;
  return [].concat(feature.__compat.support.chrome || []).some(isThere);
}

function since(feature) {
  const first = [].concat(feature.__compat.support.chrome || [])[0] || {};
  return first.version_added ? `Chromium ${first.version_added}` : "no Chromium";
}

const entries = (tree) => Object.entries(tree || {}).filter(([name]) => name !== "__compat");
const interfaces = { ...data.api, ...data.javascript.builtins };
const globals = { ...data.api.Window, ...data.javascript.builtins.globals, ...interfaces };

// member name -> one of the features of that name; only those that are new everywhere
const newMembers = new Map();
const newOfPages = new Map();
const oldMembers = new Set(["constructor", ...NOT_THE_BROWSERS.keys()]);
for (const [holder, members] of entries(interfaces)) {
  for (const [name, feature] of entries(members)) {
    const bare = name.replace(/_(static|event)$/, "");
    if (known(feature)) oldMembers.add(bare);
    if (known(feature) !== false) continue;
    newMembers.set(bare, feature);
    if (OF_PAGES.test(holder)) newOfPages.set(bare, feature);
  }
}
for (const name of oldMembers) newMembers.delete(name);

const newAttributes = new Map();
const oldAttributes = new Set();
for (const set of [data.html.global_attributes, ...Object.values(data.html.elements)]) {
  for (const [name, feature] of entries(set)) {
    if (known(feature) === false) newAttributes.set(name, feature);
    else if (known(feature)) oldAttributes.add(name);
  }
}
for (const name of oldAttributes) newAttributes.delete(name);

const found = [];
function report(file, line, what, feature) {
  found.push(`${file}:${line}: ${what} needs ${feature ? since(feature) : "more than Chromium 90"}`);
}

// ---- scripts

function* nodes(node) {
  if (!node || typeof node.type !== "string") return;
  yield node;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child && typeof child.type === "string") yield* nodes(child);
    }
  }
}

// Names the file gives to things of its own; a shadowed global is not looked up anywhere in it.
function declared(tree) {
  const names = new Set();
  const bind = (pattern) => {
    if (!pattern) return;
    if (pattern.type === "Identifier") names.add(pattern.name);
    for (const part of pattern.elements || []) bind(part);
    for (const part of pattern.properties || []) bind(part.value || part.argument);
    if (pattern.left) bind(pattern.left);
    if (pattern.argument) bind(pattern.argument);
  };
  for (const node of nodes(tree)) {
    if (node.type === "VariableDeclarator") bind(node.id);
    if (/Function|Class/.test(node.type)) bind(node.id);
    if (/Function/.test(node.type)) node.params.forEach(bind);
    if (/Import.*Specifier/.test(node.type)) bind(node.local);
    if (node.type === "CatchClause") bind(node.param);
  }
  return names;
}

function checkScript(file, text) {
  let tree;
  try {
    tree = parseScript(text, { ecmaVersion: SYNTAX, sourceType: "module", locations: true });
  } catch (error) {
    found.push(`${file}:${error.loc ? error.loc.line : 1}: syntax beyond ECMAScript ${SYNTAX}: ${error.message}`);
    return;
  }
  const own = declared(tree);
  const global = (node) => node && node.type === "Identifier" && !own.has(node.name) && globals[node.name];
  const lookUp = (node) => {
    if (global(node) && known(globals[node.name]) === false) report(file, node.loc.start.line, node.name, globals[node.name]);
  };
  const called = new Set();
  for (const node of nodes(tree)) {
    if (node.type === "CallExpression") called.add(node.callee);
    if (node.type === "CallExpression" || node.type === "NewExpression") {
      lookUp(node.callee);
      node.arguments.forEach(lookUp);
    }
    if (node.type === "BinaryExpression" && node.operator === "instanceof") lookUp(node.right);
    if (node.type === "AssignmentExpression" || node.type === "VariableDeclarator") lookUp(node.right || node.init);
    if (node.type !== "MemberExpression" || node.computed) continue;
    lookUp(node.object);
    const { name } = node.property;
    if (!name) continue;
    const line = node.property.loc.start.line;
    const holder = node.object.type === "Identifier" && !own.has(node.object.name) ? interfaces[node.object.name] : null;
    const exact = holder && (holder[`${name}_static`] || holder[name]);
    if (exact && exact.__compat) {
      if (known(exact) === false) report(file, line, `${node.object.name}.${name}`, exact);
    } else if (newMembers.has(name) && (called.has(node) || newOfPages.has(name))) {
      report(file, line, `.${name}`, newMembers.get(name));
    }
  }
}

// ---- style sheets

const unitNames = { container_query_length_units: /^cq/, viewport_percentage_units_dynamic: /^dv/, viewport_percentage_units_large: /^lv/, viewport_percentage_units_small: /^sv/ };

function unitFeature(unit) {
  const group = Object.entries(unitNames).find(([, names]) => names.test(unit));
  return data.css.types.length[group ? group[0] : unit];
}

// functions of values are listed under the types they belong to: color-mix() under color
function functionFeature(name) {
  for (const [type, features] of entries(data.css.types)) {
    if (type === name) return features;
    if (features[name]) return features[name];
  }
  return null;
}

function checkStyle(file, text) {
  const line = (node) => (node.loc ? node.loc.start.line : 1);
  const look = (node, what, feature) => {
    if (known(feature) === false) report(file, line(node), what, feature);
  };
  const tree = css.parse(text, {
    positions: true,
    parseCustomProperty: true,
    onParseError: (error) => found.push(`${file}:${error.line}: cannot be read as CSS: ${error.message}`),
  });
  const rules = [];
  css.walk(tree, {
    enter(node) {
      if (node.type === "Rule") {
        if (rules.some((outer) => outer.type === "Rule")) report(file, line(node), "nesting of rules", data.css.selectors.nesting);
        rules.push(node);
      } else if (node.type === "Atrule") {
        look(node, `@${node.name}`, data.css["at-rules"][node.name]);
        if (node.name === "media" && node.prelude && /[<>]/.test(css.generate(node.prelude))) {
          look(node, "comparison in @media", data.css["at-rules"].media.range_syntax);
        }
      } else if (node.type === "PseudoClassSelector" || node.type === "PseudoElementSelector") {
        look(node, `:${node.name}`, data.css.selectors[node.name]);
      } else if (node.type === "NestingSelector") {
        report(file, line(node), "nesting of rules", data.css.selectors.nesting);
      } else if (node.type === "Declaration" && !node.property.startsWith("--")) {
        const property = data.css.properties[node.property];
        look(node, node.property, property);
        if (property && node.value.type === "Value") {
          for (const word of node.value.children) {
            if (word.type === "Identifier") look(node, `${node.property}: ${word.name}`, property[word.name]);
          }
        }
      } else if (node.type === "Function") {
        look(node, `${node.name}()`, functionFeature(node.name));
      } else if (node.type === "Dimension") {
        look(node, `unit ${node.unit}`, unitFeature(node.unit.toLowerCase()));
      }
    },
    leave(node) {
      if (node.type === "Rule") rules.pop();
    },
  });
}

// ---- templates

function checkTemplate(file, text) {
  // what Jinja puts in is none of the browser's tags, but keeps its lines
  const bare = text.replace(/\{#[\s\S]*?#\}|\{%[\s\S]*?%\}|\{\{[\s\S]*?\}\}/g, (inside) => inside.replace(/[^\n]/g, ""));
  for (const tag of bare.matchAll(/<([a-z][\w-]*)((?:\s+[\w:@-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+))?|\s+)*)\s*\/?>/g)) {
    const line = bare.slice(0, tag.index).split("\n").length;
    const element = data.html.elements[tag[1]];
    if (known(element) === false) report(file, line, `<${tag[1]}>`, element);
    for (const [, name] of tag[2].matchAll(/([\w:@-]+)(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+))?/g)) {
      const exact = element && element[name];
      if (exact && exact.__compat ? known(exact) === false : newAttributes.has(name)) {
        report(file, line, `<${tag[1]} ${name}>`, exact || newAttributes.get(name));
      }
    }
  }
}

const CHECKS = { js: checkScript, css: checkStyle, html: checkTemplate };
const files = process.argv.slice(2);
for (const file of files) {
  // a name beginning with - would be an option of nobody's; the caller names files of the console only
  CHECKS[file.split(".").pop()](file, readFileSync(file, "utf8"));
}
console.log(found.join("\n") || `${files.length} files need nothing beyond Chromium ${OLDEST}`);
process.exit(found.length ? 1 : 0);

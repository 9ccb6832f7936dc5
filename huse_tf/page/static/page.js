"use strict";

const PAGE = 24;
const at = (id) => document.getElementById(id);
let photo = null;
let branch = "";
let shown = PAGE;
let opened = null; // the number of the product whose page is open
let latest = 0; // answers to older questions are dropped

/** Builds an element; strings are text, never markup. */
function make(name, attributes = {}, ...content) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") element.addEventListener("click", value);
    else element.setAttribute(key, value);
  }
  element.append(...content);
  return element;
}

async function ask(address, options) {
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw new Error("the server does not answer; is search.py --serve still running?");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error || `status ${response.status}`);
  return answer;
}

function say(message, wrong = false) {
  at("status").textContent = message;
  at("status").classList.toggle("wrong", wrong);
}

const titleOf = (product) => product.title || "(no title)";

function picture({ number, title, image: path }) {
  if (!path) return make("div", { class: "none" }, "no picture");
  const image = make("img", { src: `/picture/${number}`, alt: title, loading: "lazy" });
  image.addEventListener("error", () =>
    image.replaceWith(make("div", { class: "none" }, "picture not there")));
  return image;
}

function card(result, ...below) {
  return make("li", {}, make("button",
    { class: "card", type: "button", "data-number": result.number,
      onclick: () => explain(result.number) },
    picture(result),
    make("span", { class: "title" }, titleOf(result)),
    make("span", { class: "soft" }, lastLevels(result.class)),
    ...below.map((line) => make("span", { class: "soft" }, line))));
}

/** Why a product was found: words of the query in its title, and its places. */
function reasons({ distance, matched, words_rank, vector_rank }) {
  const lines = [];
  if (matched.length) lines.push(`in its title: ${matched.join(", ")}`);
  if (words_rank) lines.push(`by words: place ${words_rank}`);
  const place = words_rank && vector_rank ? `by meaning: place ${vector_rank}, ` : "";
  return [...lines, `${place}distance ${distance.toFixed(4)}`];
}

let separator = "<";
const lastLevels = (path) => path.split(separator).slice(-2).join(" › ");

async function search() {
  const text = at("text").value.trim();
  if (!text && !photo) {
    at("results").replaceChildren();
    at("more").hidden = true;
    return say("Type some words, or choose, drop or paste a photo.");
  }
  const question = ++latest;
  const form = new FormData();
  if (text) form.set("text", text);
  if (photo) form.set("photo", photo, "photo");
  form.set("branch", branch);
  form.set("kind", at("kind").value);
  form.set("match", at("match").value);
  form.set("k", shown);
  say("Searching …");
  const start = performance.now();
  try {
    const { results, note, unknown_words: unknown } = await ask("/api/search", { method: "POST", body: form });
    if (question !== latest) return;
    at("results").replaceChildren(...results.map((result) =>
      card(result, ...reasons(result))));
    at("more").hidden = results.length < shown || shown >= 120;
    const seconds = ((performance.now() - start) / 1000).toFixed(2);
    const where = branch ? ` in ${branch.split(separator).join(" › ")}` : "";
    const missing = !note && unknown.length ? ` In no title: ${unknown.join(", ")}.` : "";
    const why = note ? ` ${note[0].toUpperCase()}${note.slice(1)}.` : missing;
    say(`${results.length} products${where}, ${seconds} s.${why}`);
  } catch (error) {
    if (question !== latest) return;
    at("results").replaceChildren();
    at("more").hidden = true;
    say(error.message, true);
  }
}

/** The page's address: words, what is compared and how, class and product; never the photo. */
function address() {
  const parts = new URLSearchParams();
  const text = at("text").value.trim();
  if (text) parts.set("q", text);
  if (at("kind").value !== "products") parts.set("in", at("kind").value);
  if (at("match").value !== "both") parts.set("match", at("match").value);
  if (branch) parts.set("class", branch);
  if (opened !== null) parts.set("product", opened);
  return parts.size ? `?${parts}` : location.pathname;
}

/** Notes where the user is, as a step that Back leads to. */
function remember() {
  if (address() !== (location.search || location.pathname))
    history.pushState(null, "", address());
}

/** Shows what the address says: at the start, and after Back and Forward. */
async function restore() {
  const parts = new URLSearchParams(location.search);
  at("text").value = parts.get("q") || "";
  at("kind").value = parts.get("in") || "products";
  if (!at("kind").value) at("kind").value = "products";
  at("match").value = parts.get("match") || "both";
  if (!at("match").value) at("match").value = "both";
  setBranch(parts.get("class") || "");
  shown = PAGE;
  await search();
  const product = parts.get("product");
  if (product !== null && /^\d+$/.test(product)) await explain(Number(product));
  else if (at("product").open) {
    opened = null;
    at("product").close();
  }
}

function anew() {
  shown = PAGE;
  remember();
  return search();
}

function setPhoto(file) {
  photo = file;
  at("chosen").hidden = !file;
  if (at("preview").src) URL.revokeObjectURL(at("preview").src);
  at("preview").removeAttribute("src");
  if (file) {
    at("preview").src = URL.createObjectURL(file);
    at("photo-name").textContent = file.name;
  } else {
    at("photo").value = "";
  }
  anew();
}

function percent(probability) {
  return `${(100 * probability).toFixed(1)} %`;
}

function classTable(caption, classes) {
  return make("table", {}, make("tr", {}, make("th", { colspan: 3 }, caption)),
    ...classes.map((item) => make("tr", {},
      make("td", {}, lastLevels(item.class)),
      make("td", {}, make("meter", { min: 0, max: 1, value: item.probability })),
      make("td", { class: "number" }, percent(item.probability)))));
}

async function explain(number) {
  let answer;
  try {
    answer = await ask(`/api/product/${number}`);
  } catch (error) {
    return say(error.message, true);
  }
  const { product, gap, neighbours, classes } = answer;
  const apart = (name, distance) => distance === null ? [] : [`${name} ${distance.toFixed(4)}`];
  const grids = [["image", "Nearest photos"], ["text", "Nearest titles"]].filter(
    ([modality]) => neighbours[modality].length).map(
    ([modality, heading]) => [make("h3", {}, heading),
      make("ol", { class: "grid neighbours", "data-modality": modality },
        ...neighbours[modality].map((result) => card(result,
          ...apart("photos", result.image_distance),
          ...apart("titles", result.text_distance))))]);
  const tables = [["by the photo", "image"], ["by the title", "text"], ["by both", "product"]];
  at("details").replaceChildren(
    make("div", { class: "head" }, picture(product),
      make("div", {}, make("h2", { id: "title" }, titleOf(product)),
        make("p", {}, product.class_name.split(separator).join(" › ")),
        make("p", { class: "soft" }, [product.id !== String(product.row) && `id ${product.id}`,
          `row ${product.row}`, product.image].filter(Boolean).join(", ")),
        ...Object.entries(product.columns).map(([name, cell]) =>
          make("p", { class: "soft" }, `${name}: ${cell}`)),
        ...(gap === null ? [] : [make("p", { class: "soft" },
          `distance between its own photo and its own title: ${gap.toFixed(4)}`)]))),
    ...(classes ? [make("h3", {}, "Likeliest classes"), make("div", { class: "classes" },
      ...tables.filter(([, name]) => classes[name]).map(
        ([caption, name]) => classTable(caption, classes[name])))] : []),
    ...grids.flat());
  if (!at("product").open) at("product").showModal();
  at("product").scrollTop = 0;
  opened = number;
  remember();
}

function setBranch(path) {
  branch = path;
  for (const button of at("tree").querySelectorAll("button"))
    button.setAttribute("aria-pressed", button.dataset.path === branch);
}

function choose(path) {
  setBranch(branch === path ? "" : path);
  anew();
}

function node({ path, name, count, below }) {
  const button = make("button", { type: "button", "data-path": path,
    "aria-pressed": path === branch, onclick: (event) => {
      event.preventDefault();
      const parent = event.currentTarget.closest("summary")?.parentElement;
      if (parent) parent.open = true;
      choose(path);
    } }, name, make("small", {}, count.toLocaleString("en")));
  if (!below.length) return make("li", {}, button);
  return make("li", {}, make("details", {}, make("summary", {}, button),
    make("ul", {}, ...below.map(node))));
}

async function start() {
  say("Type some words, or choose, drop or paste a photo.");
  if (matchMedia("(max-width: 46rem)").matches) at("classes").open = false;
  const catalogue = await ask("/api/catalogue").catch((error) => say(error.message, true));
  if (!catalogue) return;
  separator = catalogue.separator;
  document.title = `Search ${catalogue.name}`;
  at("tree").replaceChildren(make("ul", {},
    node({ path: "", name: "all", count: catalogue.products, below: [] }),
    ...catalogue.tree.map(node)));
  await restore();
}

at("query").addEventListener("submit", (event) => { event.preventDefault(); anew(); });
at("kind").addEventListener("change", anew);
at("match").addEventListener("change", anew);
at("photo").addEventListener("change", (event) => {
  if (event.target.files.length) setPhoto(event.target.files[0]);
});
at("drop-photo").addEventListener("click", () => setPhoto(null));
at("more").addEventListener("click", () => { shown += PAGE; search(); });
at("close").addEventListener("click", () => at("product").close());
at("product").addEventListener("click", (event) => {
  if (event.target === at("product")) at("product").close();
});
at("product").addEventListener("close", () => {
  opened = null;
  remember();
});
window.addEventListener("popstate", restore);
document.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((f) => f.type.startsWith("image/"));
  if (file) setPhoto(file);
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  at("curtain").hidden = false;
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) at("curtain").hidden = true;
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  at("curtain").hidden = true;
  if (event.dataTransfer.files.length) setPhoto(event.dataTransfer.files[0]);
});
start();

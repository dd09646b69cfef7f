// What every page has: the switch of colours, buttons that copy, the list of sections, and the data inside the page.

/**
 * An element with attributes and children. Texts become text, never markup.
 * @param {string} name
 * @param {Record<string, string | boolean | number>} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false) continue;
    made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** Whether the page is dark now. */
function isDark() {
  const choice = document.documentElement.dataset.theme;
  return choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}

/** Colours that were asked for since the page has the ones that it has: asking the style takes long. */
const knownColours = new Map();

/**
 * The value of one of the style's variables.
 * @param {string} name
 */
function colour(name) {
  if (!knownColours.has(name)) knownColours.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return knownColours.get(name);
}

/**
 * Sets up the switch of colours; `onChange` draws anew.
 * @param {() => void} onChange
 */
function setUpTheme(onChange) {
  const redraw = () => {
    knownColours.clear();
    onChange();
  };
  const key = "trialbox-theme";
  const group = document.querySelector(".theme");
  const buttons = [...group.querySelectorAll("button")];
  const set = (choice) => {
    document.documentElement.dataset.theme = choice;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
    redraw();
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      set(button.dataset.themeChoice);
      // A browser may refuse to remember anything for a file.
      try { localStorage.setItem(key, button.dataset.themeChoice); } catch { /* It is asked again next time. */ }
    });
  }
  let remembered = null;
  try { remembered = localStorage.getItem(key); } catch { /* As if nothing had been chosen. */ }
  if (["light", "dark"].includes(remembered)) set(remembered);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  group.hidden = false;
}

/** Buttons with `data-copy` copy the text of the element that they name, also those that come later. */
function setUpCopying() {
  document.documentElement.dataset.scripts = "";
  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-copy]") : null;
    const source = button && document.getElementById(button.dataset.copy);
    if (!source) return;
    const done = await copyText(source.textContent, source);
    button.textContent = done ? "Copied" : "Select and copy";
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  });
}

/** Copies a text; where the browser does not allow that, selects it instead. */
async function copyText(text, source) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    return document.execCommand("copy");
  }
}

/** Lists the sections of the page at its top, and marks the one that is looked at. */
function setUpSections() {
  const list = document.getElementById("sections");
  const links = new Map();
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) links.get(entry.target.id)?.toggleAttribute("data-seen", entry.isIntersecting);
    const first = [...links.values()].find((link) => link.hasAttribute("data-seen"));
    for (const link of links.values()) link === first ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
  }, { rootMargin: "-72px 0px -40% 0px" });
  const fill = () => {
    seen.disconnect();
    links.clear();
    list.replaceChildren();
    for (const section of document.querySelectorAll("main section[id]")) {
      const heading = section.querySelector("h2:not(.hidden)");
      if (!heading || section.hidden) continue;
      const link = element("a", { href: `#${section.id}` }, heading.textContent);
      links.set(section.id, link);
      list.append(link);
      seen.observe(section);
    }
  };
  fill();
  return fill;
}

/**
 * What is inside the page: gzipped JSON in base64.
 * @returns {Promise<any>}
 */
async function embeddedData() {
  const holder = document.getElementById("trialbox-data");
  const text = atob(holder.textContent);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  // It may be several megabytes.
  holder.remove();
  return unzippedJson(new Blob([bytes]).stream());
}

/**
 * @param {ReadableStream} stream of gzipped JSON
 * @returns {Promise<any>}
 */
async function unzippedJson(stream) {
  return new Response(stream.pipeThrough(new DecompressionStream("gzip"))).json();
}

/**
 * Tells something at the top of the page, or nothing.
 * @param {string} text
 */
function tell(text) {
  const banner = document.getElementById("banner");
  banner.textContent = text;
  banner.hidden = text === "";
}

/** Calls `work` soon, once for however many calls, with the last arguments. */
function debounced(work, milliseconds) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), milliseconds);
  };
}

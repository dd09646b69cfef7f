"use strict";

// The list of studies asks its server for its rows again and again, as long as somebody looks at it.

const EVERY_MILLISECONDS = 2000;
const list = document.getElementById("studies");
const banner = document.getElementById("banner");
let shown = null;

// How long ago that was, in the largest unit that fits.
function ago(milliseconds) {
  const seconds = Math.max(0, Math.round((Date.now() - milliseconds) / 1000));
  if (seconds < 5) return "just now";
  const units = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];
  const [length, name] = units.find(([length]) => seconds >= length);
  const count = Math.floor(seconds / length);
  return `${count} ${name}${count === 1 ? "" : "s"} ago`;
}

function tellTimes() {
  for (const time of list.querySelectorAll("time")) {
    const milliseconds = Number(time.dataset.milliseconds);
    time.textContent = ago(milliseconds);
    time.title = new Date(milliseconds).toLocaleString();
  }
}

function say(words) {
  banner.textContent = words;
  banner.hidden = words === "";
}

async function update() {
  if (document.hidden) return;
  try {
    const answer = await fetch("/studies", { signal: AbortSignal.timeout(10000) });
    if (answer.status === 401) return say("This server wants its token: open the address that it has printed.");
    if (!answer.ok) return say("The server could not list its studies; trying again.");
    const html = await answer.text();
    say("");
    if (html !== shown) {
      const focused = document.activeElement?.getAttribute("href");
      // Every text in it was escaped by the server, and the policy of this page allows no script in it.
      const parsed = new DOMParser().parseFromString(html, "text/html");
      list.replaceChildren(...parsed.body.childNodes);
      shown = html;
      if (focused) [...list.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
    }
    tellTimes();
  } catch {
    say("The server does not answer; trying again.");
  }
}

async function updateForEver() {
  for (;;) {
    await update();
    await new Promise((resolve) => setTimeout(resolve, EVERY_MILLISECONDS));
  }
}

tellTimes();
document.addEventListener("visibilitychange", update);
updateForEver();

// Keeps the page of a study that runs up to date: a server says when something has changed, and the page asks what.

/** The page asks no more often. */
const PAUSE_MILLISECONDS = 1000;

class Updates {
  /** @param {View} view */
  constructor(view) {
    this.view = view;
    /** Is called after the static parts were replaced. */
    this.onSummary = () => {};
    this.isAsking = false;
    this.isDue = false;
  }

  /** The whole study, for the beginning. */
  async begin() {
    this.view.study.merge(await this.fetchData(""));
  }

  /** Listens for changes. A connection that is lost is made again by the browser. */
  listen() {
    this.source = new EventSource("events");
    this.source.addEventListener("message", (event) => {
      const { sequence, ended } = JSON.parse(event.data);
      tell("");
      if (sequence !== this.view.study.sequence || ended !== this.view.study.about.ended) this.ask();
    });
    this.source.addEventListener("open", () => tell(""));
    this.source.addEventListener("error", () => this.lose());
  }

  /** The browser tries again by itself, unless it was refused; then the page does. */
  lose() {
    if (this.view.study.about?.ended) return;
    tell("The connection is lost. The page goes on by itself once it is back.");
    if (this.source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => this.listen(), 5 * PAUSE_MILLISECONDS);
  }

  /** Asks what has changed: one question at a time, and not more than one a second. */
  async ask() {
    if (this.isAsking) {
      this.isDue = true;
      return;
    }
    this.isAsking = true;
    this.isDue = false;
    try {
      const [data, summary] = await Promise.all([this.fetchData(`?since=${this.view.study.sequence}`), this.fetchText("summary")]);
      // A shorter log is another study that has taken the place of this one.
      if (data.sequence < this.view.study.sequence) {
        location.reload();
        return;
      }
      this.view.study.merge(data);
      replaceParts(summary);
      this.onSummary();
      this.view.refresh();
      tell("");
      if (this.view.study.about.ended) this.end();
    } catch {
      tell("The connection is lost. The page goes on by itself once it is back.");
      this.isDue = true;
    }
    setTimeout(() => {
      this.isAsking = false;
      if (this.isDue) this.ask();
    }, PAUSE_MILLISECONDS);
  }

  end() {
    tell("The study has ended. This page is complete.");
    this.isDue = false;
    this.source.close();
  }

  async fetchData(query) {
    const response = await fetch(`data${query}`);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return unzippedJson(response.body);
  }

  async fetchText(address) {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return response.text();
  }
}

/** Puts the static parts of the page in the place of the old ones. What was open stays open, and what had the focus keeps it. */
function replaceParts(html) {
  // The server made them by the same code as the page, which escapes; no script in them could run in any case.
  const made = new DOMParser().parseFromString(html, "text/html");
  const focused = document.activeElement?.id;
  const open = new Map([...document.querySelectorAll("[data-part] details[id]")].map((details) => [details.id, details.open]));
  for (const part of made.querySelectorAll("[data-part]")) {
    const old = document.querySelector(`[data-part="${CSS.escape(part.dataset.part)}"]`);
    if (!old) continue;
    for (const details of part.querySelectorAll("details[id]")) details.open = open.get(details.id) ?? details.open;
    old.replaceWith(document.adoptNode(part));
  }
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

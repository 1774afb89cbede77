// The page: what it lists is built from data as it is asked for. Text enters it as text only.

const STORIES = 50; // listed at a time
const MEMBERS = 50; // of a story, at a time
const COLUMNS = 60; // of a timeline
const RELATIONS = ["canonical", "exact", "copy", "rewrite", "story", "none"]; // in the order shown
const root = document.documentElement;
const byId = (id) => document.getElementById(id);

// ---- colours: the reader's choice, else the system's -------------------------------------------

const systemDark = matchMedia("(prefers-color-scheme: dark)");

function remembered(theme) {
  try { // storage may be forbidden to files
    if (theme) localStorage.setItem("dedupe-theme", theme);
    return localStorage.getItem("dedupe-theme");
  } catch { return null; }
}

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches;
}

function showTheme(theme) {
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  const button = byId("theme");
  if (button) button.textContent = isDark() ? "Light" : "Dark";
}

// ---- elements -----------------------------------------------------------------------------------

function h(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child != null && child !== ""));
  return element;
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const number = new Intl.NumberFormat("en");
const clock = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
  timeZone: "UTC",
});

function counted(n, one, many = `${one}s`) {
  return `${number.format(n)} ${n === 1 ? one : many}`;
}

function moment(seconds) {
  const date = new Date(seconds * 1000);
  return h("time", { dateTime: date.toISOString() }, clock.format(date));
}

function lasting(seconds) {
  if (seconds < 5400) return counted(Math.round(seconds / 60), "minute");
  if (seconds < 48 * 3600) return counted(Math.round(seconds / 3600), "hour");
  return counted(Math.round(seconds / 86400), "day");
}

function dot(relation) {
  return h("i", { className: `dot ${relation}` });
}

/** The outlet or feed, as short as it can be and still be told from others. */
function sourceOf(member) {
  return member.source?.replace(/^(https?:\/\/)?(www\.)?/i, "") ?? "no source";
}

function linked(member, className) {
  const title = h("span", { className, dir: "auto", lang: member.lang ?? "" });
  title.append(member.url
    ? h("a", { href: member.url, rel: "noopener noreferrer", target: "_blank" }, member.title)
    : member.title);
  return title;
}

// ---- data ---------------------------------------------------------------------------------------

async function unpacked(id) {
  const block = byId(id);
  if (block.type === "application/json") return JSON.parse(block.textContent);
  const bytes = Uint8Array.from(atob(block.textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

const chunks = new Map();

/** The texts of a story's first members; the others have none in the page. */
async function textsOf(story) {
  if (!story.texts) return [];
  const chunk = story.chunk ?? 0;
  if (!chunks.has(chunk)) chunks.set(chunk, unpacked(`data-texts-${chunk}`));
  return (await chunks.get(chunk))[story.id];
}

const relationOf = (story, member) => member === story.members[0] ? "canonical" : member.relation;
const timesOf = (story) =>
  story.members.map((member) => member.time).filter((time) => time != null);

/** Letters without their marks, so that "sao paulo" finds São Paulo. */
function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

function searchable(story) {
  story.searchable ??= folded([
    story.id, story.credit ?? "",
    ...story.members.flatMap((m) => [m.title, m.source ?? "", m.id]),
  ].join("\n"));
  return story.searchable;
}

// ---- a story ------------------------------------------------------------------------------------

function storyItem(story) {
  const [canonical] = story.members;
  const times = timesOf(story);
  const sources = new Set(story.members.map((m) => m.source).filter(Boolean)).size;
  const meta = h("span", { className: "meta" }, [
    sourceOf(canonical), sources > 1 ? counted(sources, "source") : "",
    story.credit ? `credit ${story.credit} × ${number.format(story.credited)}` : "",
  ].filter(Boolean).join(" · "));
  if (times.length) {
    meta.append(meta.textContent && " · ", moment(times.reduce((a, b) => Math.min(a, b))));
  }
  const details = h("details", { className: "card", id: story.id },
    h("summary", {},
      h("span", { className: "size", title: counted(story.members.length, "article") },
        number.format(story.members.length)),
      h("span", { className: "headline" },
        h("h2", { dir: "auto", lang: canonical.lang ?? "" }, canonical.title), meta, mix(story))));
  details.addEventListener("toggle", () => { if (details.open) fill(details, story); });
  return h("li", {}, details);
}

/** A thin bar: how many of the story's articles have which relation. */
function mix(story) {
  const bar = svg("svg", { class: "strip", "aria-hidden": "true" });
  const counts = new Map();
  for (const m of story.members) {
    const relation = relationOf(story, m);
    counts.set(relation, (counts.get(relation) ?? 0) + 1);
  }
  let at = 0;
  for (const relation of RELATIONS) {
    const share = (100 * (counts.get(relation) ?? 0)) / story.members.length;
    if (share) {
      bar.append(svg("rect", { class: relation, x: `${at}%`, width: `${share}%`, height: "100%" }));
    }
    at += share;
  }
  return bar;
}

function fill(details, story) {
  if (details.querySelector(".body")) return;
  const [canonical] = story.members;
  const list = h("ol", { className: "members" });
  const more = h("button", { type: "button", className: "quiet" });
  let shown = 0;
  function show() {
    const next = story.members.slice(shown, shown + MEMBERS);
    list.append(...next.map((member) => memberItem(story, member)));
    shown += next.length;
    const left = story.members.length - shown;
    more.hidden = !left;
    more.textContent = `Show ${Math.min(MEMBERS, left)} of ${counted(left, "more article")}`;
  }
  more.addEventListener("click", show);
  show();
  details.append(h("div", { className: "body" },
    h("dl", { className: "facts" },
      h("div", {}, h("dt", {}, "Canonical"),
        h("dd", {}, linked(canonical, "title"), `, ${sourceOf(canonical)}`)),
      h("div", {}, h("dt", {}, "Elected because"), h("dd", {}, story.reason)),
      h("div", {}, h("dt", {}, "Credit"), h("dd", {}, story.credit
        ? `${story.credit}, by ${number.format(story.credited ?? 0)} of ${counted(story.members.length, "article")}`
        : "no agency is credited")),
      h("div", {}, h("dt", {}, "Story id"),
        h("dd", {}, h("a", { href: `#${story.id}`, className: "id" }, story.id)))),
    timeline(story), list, more));
  const first = story.members.findIndex((m, i) => i > 0 && m.relation !== "exact");
  list.children[first > 0 && first < MEMBERS ? first : 1].querySelector("button").click();
}

/** The articles by time of publication, one cell each, stacked where they fall together. */
function timeline(story) {
  const dated = story.members.filter((m) => m.time != null).sort((a, b) => a.time - b.time);
  const undated = story.members.length - dated.length;
  if (dated.length < 2) {
    return h("p", { className: "meta timeline" }, "No timeline: fewer than two articles have a date.");
  }
  const start = dated[0].time;
  const span = dated[dated.length - 1].time - start;
  const stacks = Array.from({ length: COLUMNS }, () => []);
  for (const m of dated) {
    stacks[span ? Math.round(((COLUMNS - 1) * (m.time - start)) / span) : 0].push(m);
  }
  const tallest = stacks.reduce((most, stack) => Math.max(most, stack.length), 0);
  const cell = Math.min(16, 112 / tallest);
  const height = Math.max(28, Math.ceil(cell * tallest));
  const drawing = svg("svg", {
    class: "cells", height, role: "img",
    "aria-label": `Timeline: ${counted(dated.length, "article")} within ${lasting(span)}`,
  });
  stacks.forEach((stack, column) => stack.forEach((m, row) => {
    const words = `${m.title}\n${sourceOf(m)}, ${clock.format(new Date(m.time * 1000))}`;
    drawing.append(svg("rect", {
      class: relationOf(story, m),
      x: `${(100 * column) / COLUMNS + 0.1}%`, width: `${100 / COLUMNS - 0.2}%`,
      y: height - (row + 1) * cell, height: cell - Math.min(2, cell / 4),
      rx: Math.min(2.5, cell / 5),
    }, svg("title", {}, document.createTextNode(words))));
  }));
  return h("figure", { className: "timeline" }, drawing,
    h("figcaption", {}, moment(start),
      h("span", {}, lasting(span), undated ? `, ${number.format(undated)} undated` : ""),
      moment(start + span)),
    legend(new Set(story.members.map((m) => relationOf(story, m)))));
}

function legend(relations) {
  const shown = RELATIONS.filter((relation) => relations.has(relation));
  return h("ul", { className: "mix" }, ...shown.map((r) => h("li", {}, dot(r), r)));
}

function memberItem(story, member) {
  const relation = relationOf(story, member);
  const label = relation + (member.update ? ", update" : "");
  const button = h("button", { type: "button", className: "quiet", ariaExpanded: "false" }, "Compare");
  button.ariaLabel = `Compare ${member.title}`;
  const meta = h("span", { className: "meta" }, sourceOf(member));
  if (member.time != null) meta.append(" · ", moment(member.time));
  meta.append(" · ", h("span", { className: "id" }, member.id));
  const item = h("li", { className: "member" },
    h("span", { className: "relation" }, dot(relation), label),
    h("span", { className: "similarity", title: "to its nearest article" },
      member.similarity.toFixed(2)),
    h("span", { className: "what" }, linked(member, "title"), meta),
    button);
  button.addEventListener("click", () => {
    const open = item.querySelector(".comparison");
    button.ariaExpanded = String(!open);
    button.textContent = open ? "Compare" : "Close";
    if (open) open.remove();
    else item.append(comparison(story, member));
  });
  return item;
}

// ---- two articles side by side ------------------------------------------------------------------

function comparison(story, member) {
  const others = new Map(); // what to compare with, and what that is called
  others.set(story.members[member.nearest ?? 0], "its nearest article");
  if (member !== story.members[0]) others.set(story.members[0], "the canonical article");
  const panel = h("div", { className: "comparison" });
  const columns = h("div", { className: "columns-of-text" });
  const verdict = h("p", { className: "verdict", role: "status" }, "Reading …");
  const choice = h("select", {}, ...Array.from(others, ([, name], i) => h("option", { value: i }, name)));
  const show = () => {
    compare(story, member, [...others.keys()][choice.value], columns, verdict)
      .catch((problem) => { verdict.textContent = `This cannot be shown: ${problem.message}`; });
  };
  choice.addEventListener("change", show);
  panel.append(others.size > 1
    ? h("label", { className: "choice" }, "Compared with ", choice)
    : h("p", { className: "choice" }, `Compared with ${[...others.values()][0]}`),
  verdict, columns);
  show();
  return panel;
}

async function compare(story, member, other, columns, verdict) {
  const texts = await textsOf(story);
  const pair = [member, other].map((m) => texts[story.members.indexOf(m)]);
  if (pair.includes(undefined)) {
    verdict.textContent = "The text of one of the two was left out, to keep the page small.";
    columns.replaceChildren();
    return;
  }
  const words = pair.map(wordsOf);
  const passages = sharedPassages(...words);
  const shared = passages.reduce((sum, passage) => sum + passage.words, 0);
  const longest = passages.reduce((most, passage) => Math.max(most, passage.words), 0);
  const share = (side) => `${Math.round((100 * shared) / Math.max(1, words[side].length))} %`;
  verdict.textContent = passages.length
    ? `${counted(passages.length, "shared passage")}, the longest of ${counted(longest, "word")}: `
      + `${share(0)} of the first text, ${share(1)} of the second.`
    : "No passage of three words or more is in both.";
  columns.replaceChildren(...["left", "right"].map((side, i) =>
    textColumn([member, other][i], pair[i], words[i], passages, side)));
}

function textColumn(member, text, words, passages, side) {
  const body = h("div", { className: "text", dir: "auto", lang: member.lang ?? "", tabIndex: 0,
    role: "region", ariaLabel: `Text of ${member.title}` });
  let done = 0;
  const inOrder = passages.map((passage, i) => [passage, i]).sort((a, b) => a[0][side] - b[0][side]);
  for (const [passage, i] of inOrder) {
    const from = words[passage[side]].start;
    const to = words[passage[side] + passage.words - 1].end;
    const mark = h("mark", { tabIndex: side === "left" ? 0 : -1 }, text.slice(from, to));
    mark.dataset.passage = i;
    body.append(text.slice(done, from), mark);
    done = to;
  }
  body.append(text.slice(done), member.cut ? " …" : "");
  for (const event of ["focusin", "pointerover"]) body.addEventListener(event, pairUp);
  return h("section", {}, h("h3", { dir: "auto" }, member.title),
    h("p", { className: "meta" }, sourceOf(member)), body);
}

/** Light up a passage on both sides; one that is focused is brought into view on the other. */
function pairUp(event) {
  const passage = event.target.dataset?.passage;
  const columns = event.currentTarget.closest(".columns-of-text");
  for (const mark of columns.querySelectorAll("mark")) {
    const same = passage !== undefined && mark.dataset.passage === passage;
    mark.classList.toggle("paired", same);
    if (same && event.type === "focusin" && mark !== event.target) {
      const box = mark.closest(".text");
      box.scrollTop += mark.getBoundingClientRect().top - box.getBoundingClientRect().top - 40;
    }
  }
}

// ---- the list -----------------------------------------------------------------------------------

let stories = [];
let found = [];
let listed = 0;

function search() {
  const terms = folded(byId("query").value).split(/\s+/).filter(Boolean);
  const relation = byId("relation").value;
  const agency = byId("agency").value;
  found = stories.filter((story) =>
    (!relation || story.members.some((m) => relation === "update" ? m.update : m.relation === relation))
    && (!agency || (story.credit ?? "none") === agency)
    && terms.every((term) => searchable(story).includes(term)));
  if (byId("order").value === "time") {
    const newest = (story) => timesOf(story).reduce((a, b) => Math.max(a, b), -Infinity);
    const keyed = found.map((story) => [newest(story), story]);
    found = keyed.sort((a, b) => (b[0] > a[0]) - (b[0] < a[0])).map(([, story]) => story);
  }
  byId("count").textContent = found.length === stories.length
    ? counted(stories.length, "story", "stories")
    : `${number.format(found.length)} of ${counted(stories.length, "story", "stories")}`;
  listed = 0;
  byId("stories").replaceChildren();
  byId("stories").classList.remove("loading");
  list();
}

function list() {
  const next = found.slice(listed, listed + STORIES);
  byId("stories").append(...next.map(storyItem));
  listed += next.length;
  const left = found.length - listed;
  byId("printed").textContent = left
    ? `Printed: the first ${number.format(listed)} of ${counted(found.length, "story", "stories")}.` : "";
  byId("more").hidden = !left;
  byId("more").textContent = `Show ${Math.min(STORIES, left)} of ${counted(left, "more story", "more stories")}`;
}

function offer(id, counts) {
  for (const [value, n] of counts) {
    byId(id).append(h("option", { value }, `${value} (${number.format(n)})`));
  }
}

function tally(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

/** For paper: the stories that are listed are opened, and closed again. */
function unfold(open) {
  for (const details of document.querySelectorAll("#stories > li > .card")) {
    if (open && !details.open) {
      const story = found.find((s) => s.id === details.id);
      fill(details, story);
      details.dataset.forPaper = "yes";
      details.open = true;
    } else if (!open && details.dataset.forPaper) {
      delete details.dataset.forPaper;
      details.open = false;
    }
  }
}

async function start() {
  showTheme();
  byId("theme").addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    remembered(theme);
    showTheme(theme);
  });
  systemDark.addEventListener("change", () => showTheme());
  try {
    stories = await unpacked("data-stories");
  } catch (problem) {
    byId("stories").classList.remove("loading");
    byId("count").textContent = `This browser cannot unpack the stories (${problem.message}). One of 2023 or later can.`;
    return;
  }
  if (!stories.length) return;
  offer("relation", tally(stories.flatMap((story) => [...new Set(story.members.flatMap((m) =>
    m.update ? [m.relation, "update"] : [m.relation]))])));
  offer("agency", tally(stories.map((story) => story.credit ?? "none")));
  const asked = location.hash.slice(1);
  if (stories.some((story) => story.id === asked)) byId("query").value = asked;
  search();
  if (byId("query").value) byId("stories").querySelector("details").open = true;

  let waiting;
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(search, 120); };
  byId("controls").addEventListener("input", soon);
  byId("controls").addEventListener("reset", soon);
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("more").addEventListener("click", () => {
    const before = listed;
    list();
    byId("stories").children[before].querySelector("summary").focus({ preventScroll: true });
  });
  addEventListener("beforeprint", () => unfold(true));
  addEventListener("afterprint", () => unfold(false));
  matchMedia("print").addEventListener("change", (print) => unfold(print.matches));
}

root.classList.add("js");
showTheme(remembered());
document.addEventListener("DOMContentLoaded", start);

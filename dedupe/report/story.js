// A story: what is known of it, its timeline, its articles, and two of them side by side.

const MEMBERS = 50; // of a story, at a time
const COLUMNS = 60; // of a timeline

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
      h("span", { className: "size" }, number.format(story.members.length),
        h("span", { className: "unseen" }, " articles")),
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
    timeline(story), list, more, linkedEntries(story)));
  const first = story.members.findIndex((m, i) => i > 0 && m.relation !== "exact");
  list.children[first > 0 && first < MEMBERS ? first : 1].querySelector("button").click();
}

/** Live blogs, roundups and galleries that have to do with the story, and are kept apart from it. */
function linkedEntries(story) {
  if (!story.linked?.length) return "";
  return h("section", { className: "linked" },
    h("h3", {}, "Linked, not merged"),
    h("ul", {}, ...story.linked.map((entry) => {
      const item = h("li", {}, linked(entry, "title"),
        h("span", { className: "meta" }, ` ${kindOf(entry)}, ${sourceOf(entry)}`));
      if (entry.time != null) item.lastChild.append(" · ", moment(entry.time));
      return item;
    })));
}

const kindOf = (entry) => (entry.kind ?? "article").replace("_", " ");

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
  if (member.kind) meta.append(" · ", kindOf(member));
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
  for (const event of ["focusin", "pointerover"]) columns.addEventListener(event, pairUp);
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
  // The title is compared too: some entries are little more.
  const heads = [member, other].map((m) => m.untitled ? "" : `${m.title}\n`);
  const words = pair.map((text, i) => wordsOf(heads[i] + text));
  const passages = sharedPassages(...words);
  const shared = passages.reduce((sum, passage) => sum + passage.words, 0);
  const longest = passages.reduce((most, passage) => Math.max(most, passage.words), 0);
  const share = (side) => `${Math.round((100 * shared) / Math.max(1, words[side].length))} %`;
  verdict.textContent = passages.length
    ? `${counted(passages.length, "shared passage")}, the longest of ${counted(longest, "word")}: `
      + `${share(0)} of the first text, ${share(1)} of the second.`
    : "No passage of three words or more is in both.";
  columns.replaceChildren(...["left", "right"].map((side, i) =>
    textColumn([member, other][i], heads[i], pair[i], words[i], passages, side)));
}

function textColumn(member, head, text, words, passages, side) {
  const spans = passages.map((passage, i) => ({
    i, from: words[passage[side]].start, to: words[passage[side] + passage.words - 1].end,
  })).sort((a, b) => a.from - b.from);
  const title = h("h3", { dir: "auto" });
  const body = h("div", { className: "text", dir: "auto", lang: member.lang ?? "", tabIndex: 0,
    role: "region", ariaLabel: `Text of ${member.title}` });
  if (head) markUp(title, head, spans, side);
  else title.append(member.title);
  markUp(body, text, spans.map((s) => ({ ...s, from: s.from - head.length, to: s.to - head.length })), side);
  body.append(member.cut ? " …" : "", text ? "" : h("span", { className: "meta" }, "no text"));
  return h("section", {}, title, h("p", { className: "meta" }, sourceOf(member)), body);
}

/** The text with those parts of the spans marked that lie in it. */
function markUp(element, text, spans, side) {
  let done = 0;
  for (const { i, from, to } of spans) {
    const part = text.slice(Math.max(0, from), Math.max(0, to)).trimEnd();
    if (!part) continue;
    const mark = h("mark", { tabIndex: side === "left" ? 0 : -1 }, part);
    mark.dataset.passage = i;
    const start = Math.max(0, from);
    element.append(text.slice(done, start), mark);
    done = start + part.length;
  }
  element.append(text.slice(done));
}

/** Light up a passage on both sides; one that is focused is brought into view on the other. */
function pairUp(event) {
  const passage = event.target.dataset.passage;
  if (passage === undefined) return;
  for (const mark of event.currentTarget.querySelectorAll("mark")) {
    const same = mark.dataset.passage === passage;
    mark.classList.toggle("paired", same);
    if (same && event.type === "focusin" && mark !== event.target) {
      const box = mark.closest(".text");
      if (box) box.scrollTop += mark.getBoundingClientRect().top - box.getBoundingClientRect().top - 40;
    }
  }
}

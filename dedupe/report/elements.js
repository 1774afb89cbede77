// Elements, words for numbers and times, and the data. Text enters the page as text only.

const RELATIONS = ["canonical", "exact", "copy", "rewrite", "story", "none"]; // in the order shown
const byId = (id) => document.getElementById(id);

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

// The page: colours, search and filters, and the list of stories, built as far as it is asked for.

const STORIES = 50; // listed at a time
const root = document.documentElement;

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
    byId("count").textContent = `This browser cannot unpack the stories (${problem.message}). One of 2024 or later can.`;
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

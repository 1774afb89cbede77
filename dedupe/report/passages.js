"use strict";

// Passages that two texts share: runs of equal words, found from shared runs of three.

const SEED = 3; // words that have to agree before anything is compared
const LEAST_CHARACTERS = 14; // of a passage of few words: "one of the" says nothing
const MANY = 6; // words that say something however short they are
const SEEDS_AT_MOST = 32; // places of one seed that are tried, so that repetition costs little

// In scripts without spaces every character counts as a word.
const WORD = new RegExp(
  "[\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmr}\\p{sc=Mymr}]" +
    "|(?:(?![\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmr}\\p{sc=Mymr}])" +
    "[\\p{L}\\p{N}\\p{M}])+",
  "gu",
);

/** The words of a text, with where they start and end. */
function wordsOf(text) {
  return Array.from(text.matchAll(WORD), (found) => ({
    word: found[0].normalize("NFKC").toLowerCase(),
    start: found.index,
    end: found.index + found[0].length,
  }));
}

/**
 * The passages that stand in both lists of words, in the order of the left one, as
 * {left, right, words}: the places of the first word and how many follow. At each word of the left
 * side the longest run is taken; no word is in two passages.
 */
function sharedPassages(left, right) {
  const seed = (words, i) => words.slice(i, i + SEED).map((w) => w.word).join(" ");
  const seeds = new Map();
  for (let j = 0; j + SEED <= right.length; j++) {
    const key = seed(right, j);
    const places = seeds.get(key);
    if (!places) seeds.set(key, [j]);
    else if (places.length < SEEDS_AT_MOST) places.push(j);
  }
  const taken = new Uint8Array(right.length);
  const passages = [];
  let i = 0;
  while (i + SEED <= left.length) {
    let best = { left: i, right: 0, words: 0 };
    for (const j of seeds.get(seed(left, i)) ?? []) {
      let n = 0;
      while (i + n < left.length && j + n < right.length && !taken[j + n]
        && left[i + n].word === right[j + n].word) n++;
      if (n > best.words) best = { left: i, right: j, words: n };
    }
    const length = best.words && left[i + best.words - 1].end - left[i].start;
    if (best.words >= MANY || (best.words >= SEED && length >= LEAST_CHARACTERS)) {
      passages.push(best);
      taken.fill(1, best.right, best.right + best.words);
      i += best.words;
    } else i++;
  }
  return passages;
}

"""The skeletons of a title and of the beginning of a text: the words that a form leaves in place.

What a series or a template changes from one entry to the next is replaced: numbers, days and
months by one mark, and in a template also names, that is words with a capital. Marks of one sort
in a row are one mark.
"""

from __future__ import annotations

import numpy as np
import xxhash
from numba import njit
from numpy.typing import NDArray

from dedupe.hashing import xxh32

TITLE, SERIES, TEMPLATE, WORDING, OPENING = range(5)
SKELETONS = 5
NONE = 0  # the skeleton of what is too short to have one

_NUMBER_MARK = np.uint32(1)
_NAME_MARK = np.uint32(2)
_CAPITAL = 1  # bits of dedupe.text.tokens
_NUMBER = 2
_PAIR = 4
_OPENING_PIECES = 16  # words and marks of a text that are compared
_LONGEST_FORM = 250  # words: a longer text that begins like others is no form but has a preface
_TITLE_WORDS = 2  # that must stand in place for a title to be a form
_TEMPLATE_WORDS = 4  # the same with the names gone
_OPENING_WORDS = 5

# Nominative, genitive and the adjectives that titles use; with what the tokeniser leaves of dots.
_DAYS_AND_MONTHS = """
monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat
sun january february march april may june july august september october november december jan feb
mar apr jun jul aug sep sept oct nov dec
poniedziałek wtorek środa środę czwartek piątek sobota sobotę niedziela niedzielę poniedziałku
wtorku środy czwartku piątku soboty niedzieli poniedziałkowy wtorkowy środowy czwartkowy piątkowy
sobotni niedzielny stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października
listopada grudnia styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik
listopad grudzień
montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag januar februar märz mai juni
juli oktober dezember
lundi mardi mercredi jeudi vendredi samedi dimanche janvier février mars avril juin juillet août
septembre octobre novembre décembre
lunes martes miércoles jueves viernes sábado domingo enero febrero marzo abril mayo junio julio
agosto septiembre octubre noviembre diciembre
lunedì martedì mercoledì giovedì venerdì sabato domenica gennaio febbraio aprile maggio giugno
luglio settembre ottobre dicembre
segunda terça quarta quinta sexta janeiro fevereiro março maio junho julho setembro outubro
novembro dezembro
maandag dinsdag woensdag donderdag vrijdag zaterdag zondag januari februari maart mei augustus
понедельник вторник среда среду четверг пятница пятницу суббота субботу воскресенье января февраля
марта апреля мая июня июля августа сентября октября ноября декабря
понеділок вівторок середа середу четвер п'ятниця субота суботу неділя неділю січня лютого березня
квітня травня червня липня серпня вересня жовтня листопада грудня
"""
_DATES = np.array(
    sorted({xxhash.xxh32_intdigest(word.encode()) for word in _DAYS_AND_MONTHS.split()}),
    dtype=np.uint32,
)

_ADDRESSES = tuple(np.uint32(xxhash.xxh32_intdigest(word)) for word in (b"http", b"https"))


@njit(nogil=True)
def _is_date(word: np.uint32) -> bool:
    at = np.searchsorted(_DATES, word)
    return bool(at < len(_DATES) and _DATES[at] == word)


@njit(nogil=True)
def _skeleton(
    hashes: NDArray[np.uint32],
    kinds: NDArray[np.uint8],
    first: int,
    last: int,
    pieces: int,
    names: bool,
    words: int,
    room: NDArray[np.uint32],
) -> tuple[np.uint32, int]:
    """The skeleton of the tokens `first` to `last`, at most `pieces` of it, and where that ends.

    With `names` the names are replaced too. NONE where fewer than `words` words are left.
    """
    count = 0
    kept = 0
    end = last
    for t in range(first, last):
        if hashes[t] == _ADDRESSES[0] or hashes[t] == _ADDRESSES[1]:
            end = t  # an address is no wording
            break
        if kinds[t] & _NUMBER or _is_date(hashes[t]):
            piece = _NUMBER_MARK
        elif names and kinds[t] & _CAPITAL:
            piece = _NAME_MARK
        else:
            piece = hashes[t]
            kept += 1
        if count and piece <= _NAME_MARK and room[count - 1] == piece:
            continue
        if count == pieces:
            end = t
            break
        room[count] = piece
        count += 1
    if kept < words:
        return np.uint32(NONE), end
    return xxh32(room.view(np.uint8), 0, 4 * count, np.uint32(0)), end


@njit(nogil=True)
def skeletons(
    hashes: NDArray[np.uint32],
    kinds: NDArray[np.uint8],
    titled: int,
    n: int,
    room: NDArray[np.uint32],
    found: NDArray[np.uint32],
) -> None:
    """Fill `found` for an article of `n` tokens, the first `titled` of its title.

    TITLE: the title as it is; SERIES: without numbers and dates; TEMPLATE: without names too;
    OPENING: the beginning of the text likewise; WORDING: that beginning as it is. `room` has place
    for all tokens.
    """
    words = hashes.view(np.uint8)
    found[TITLE] = xxh32(words, 0, 4 * titled, np.uint32(0)) if titled else NONE
    found[SERIES], _ = _skeleton(hashes, kinds, 0, titled, titled, False, _TITLE_WORDS, room)
    found[TEMPLATE], _ = _skeleton(hashes, kinds, 0, titled, titled, True, _TEMPLATE_WORDS, room)
    found[OPENING], end = _skeleton(
        hashes, kinds, titled, n, _OPENING_PIECES, True, _OPENING_WORDS, room
    )
    if n - titled > _LONGEST_FORM:
        found[OPENING] = NONE
    found[WORDING] = xxh32(words, 4 * titled, 4 * end, np.uint32(0)) if end > titled else NONE

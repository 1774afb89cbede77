"""What the features of a pair are called before people; others keep their own names."""

from __future__ import annotations

PLAIN = {
    "cosine": "agreement of words",
    "names": "agreement on names and numbers",
    "numbers": "agreement on numbers",
    "title": "agreement of titles",
    "strongest": "share of the strongest word",
    "rare_terms": "rare words shared",
    "resemblance": "text shared, of both",
    "containment": "text shared, of the shorter",
    "unshared_least": "words only here, fewer side",
    "unshared_most": "words only here, other side",
    "terms_ratio": "length of one to the other",
    "terms_least": "words of the shorter lead",
    "terms_most": "words of the longer lead",
    "hours": "hours between",
    "one_source": "one source",
    "one_credit": "the same agency credited",
    "title_found_least": "title found, fewer side",
    "title_found_most": "title found, other side",
    "numbers_least": "numbers, fewer side",
    "names_unshared_least": "names only here, fewer side",
    "names_unshared_most": "names only here, other side",
    "crowd_third": "others with these words, few",
    "crowd_mean": "others with these words, mean",
    "few_cosine": "agreement by words of few",
    "few_terms": "words of few shared",
}

"""Of two that are added at once at least one sees the other, in a slice that has just begun too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from filing import filed

from dedupe.index.base import Index


@pytest.mark.parametrize("urls", ["redis_urls", "cluster_urls"])
def test_a_slice_that_begins_between_admission_and_writing_is_read(
    urls: str, request: pytest.FixtureRequest, opened: Callable[..., Index]
) -> None:
    url = request.getfixturevalue(urls)()
    ours: Any = opened(url)
    theirs = opened(url)
    one = filed("one", slice=5)
    other = filed("other", like=one, shared=8, slice=6)
    admit, seen = ours._ledger.admit, []

    def admitted(*given: Any) -> Any:
        told = admit(*given)
        ours._ledger.admit = admit
        seen.extend(theirs.add([other], 5))
        return told

    ours._ledger.admit = admitted
    (found,) = ours.add([one], 5)
    (later,) = seen
    assert later.place in found.candidates or found.place in later.candidates

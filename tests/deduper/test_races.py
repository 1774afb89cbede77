"""Eight processes that add overlapping streams at once make the stories that one process makes.

DEDUPE_ROUNDS says how often they do.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from adding import Adding
from streams import Partition, assert_sound, partition

from dedupe.index.opening import open_index

ROUNDS = int(os.environ.get("DEDUPE_ROUNDS", "2"))
SIZES = [1, 3, 10, 60]


def test_processes_that_add_at_once_link_every_copy_once(
    processes: list[Adding], lasting_urls: Callable[[], str], expected: Partition
) -> None:
    for turn in range(ROUNDS):
        url = lasting_urls()
        for k, process in enumerate(processes):
            process.tell("add", url, turn * len(processes) + k, SIZES[(turn + k) % 4], k % 4)
        assert [process.hear() for process in processes] == ["done"] * len(processes)
        index = open_index(url)
        assert_sound(index)
        found = partition(index)
        of = {id: story for story in found for id in story}
        copies = [id for id in of if id.endswith(("-again", "-cut"))]
        assert [c for c in copies if c.rpartition("-")[0] not in of[c]] == []
        assert found == expected
        index.close()

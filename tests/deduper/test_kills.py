"""A process that is killed at any moment, and started again with the same articles, loses nothing.

DEDUPE_KILLS says how often it is killed.
"""

from __future__ import annotations

import os
import random
import select
import signal
from collections.abc import Callable
from contextlib import suppress
from itertools import count

from adding import Adding
from streams import Partition, assert_sound, partition

from dedupe.index.opening import open_index

KILLS = int(os.environ.get("DEDUPE_KILLS", "10"))
MOST = 0.1  # seconds that it is left alone the first time, at most; the n-th time n times as long
SIZES = [1, 5, 20, 60]


def test_a_process_that_is_killed_while_it_adds_can_be_started_again(
    processes: list[Adding], lasting_urls: Callable[[], str], expected: Partition
) -> None:
    chance, kills, streams, process = random.Random(KILLS), 0, 0, processes[0]
    while kills < KILLS:
        url, streams = lasting_urls(), streams + 1
        index = open_index(url)
        for turn in count(1):
            process.tell("fork", url, streams, SIZES[streams % 4], 4)
            child = int(process.hear())
            alone = chance.uniform(0, MOST * turn)
            if not select.select([process.answers], [], [], alone)[0]:
                with suppress(ProcessLookupError):  # it has just ended
                    os.kill(child, signal.SIGKILL)
            status = int(process.hear())
            assert_sound(index, linked=False)
            if status == 0:
                break
            assert status == -signal.SIGKILL
            kills += 1
        assert_sound(index)
        assert partition(index) == expected
        index.close()

"""Nothing is kept of origins, paths, hosts and addresses that were seen once."""

from pathlib import Path
from typing import Final

from tests.load import distinct
from tests.load.memory import MIB, needs_proc
from tests.load.place import place

pytestmark = needs_proc

NUMBERS: Final = 12_000
BOUND_OCTETS: Final = 3 * MIB // 2
"""131 octets for each number, of whose origins, path and hosts anyone kept would be more. Chance has made up 0.7 MiB on
a busy machine, however many there were: lines of the log that wait for their thread count too."""
PAUSE_SECONDS: Final = 0.005
"""Behind each `AT_ONCE` requests: a machine that is asked as fast as it can answer has had 2.7 MiB of such lines, with
3,000 numbers as with 48,000 (`distinct.growth`); with this pause it was 0.7."""


def test_ever_new_origins_paths_hosts_and_addresses_make_nothing_grow(tmp_path: Path) -> None:
    with place(tmp_path, tls=False) as made:
        octets, asked = distinct.growth(made, NUMBERS, PAUSE_SECONDS)
    assert asked > 3 * NUMBERS
    assert octets < BOUND_OCTETS

from pathlib import Path

import pytest

from tests.bench.configuration import configuration, filled
from tests.bench.place import CONFIGURATIONS, Place

PLACE = Place(Path("/shared"), Path("/folder"), Path("/programs"), 1, 2, 3, 4, 0, 1)


@pytest.mark.parametrize("name", sorted(file.name for file in CONFIGURATIONS.iterdir()))
def test_nothing_is_left_to_be_filled_in(name: str) -> None:
    text = configuration(name, PLACE, {"log", "one-worker"})
    assert "@PLAIN@" not in text
    assert "127.0.0.1:4" in text or "port_value: 4}" in text
    assert "#:" not in text


def test_a_tagged_line_is_there_for_its_tag_only() -> None:
    logs = "    access_log /folder/access.log combined buffer=64k flush=1s;"
    assert logs in configuration("nginx.conf", PLACE, {"log"}).splitlines()
    assert "    access_log off;" in configuration("nginx.conf", PLACE, {"no-log"}).splitlines()
    assert logs not in configuration("nginx.conf", PLACE, {"no-log"}).splitlines()


def test_a_value_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        filled("@NOWHERE@", PLACE)

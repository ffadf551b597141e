"""Memory that was freed and lies between what is in use is not kept for ever."""

import asyncio
import os
import platform
from pathlib import Path
from typing import Final

import pytest

from gateway.service import memory
from gateway.service.memory import give_back
from tests.load.memory import KIB, MIB, resident_octets
from tests.service.running import free_port
from tests.service.test_process import serving
from tests.service.test_reload import text_of

needs_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="no other C library gives back on demand")
FREED: Final = 96 * MIB
PIECE: Final = 32 * KIB
"""Too large for Python to have it among its own small objects, too small to be mapped by itself."""


@pytest.fixture
def held() -> list[bytes]:
    """Have the C library keep a lot that was freed, for what little of it is still in use."""
    pieces = [bytes([1]) * PIECE for _ in range(FREED // PIECE)]
    kept = pieces[::16]
    del pieces
    return kept


@needs_glibc
def test_what_is_free_between_what_is_in_use_is_given_back(held: list[bytes]) -> None:
    before = resident_octets(os.getpid())
    give_back()
    assert before - resident_octets(os.getpid()) > FREED // 2
    assert set(held) == {bytes([1]) * PIECE}


@needs_glibc
@pytest.mark.usefixtures("held")
async def test_a_process_that_serves_gives_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "GIVE_BACK_SECONDS", 0)
    before, file = resident_octets(os.getpid()), tmp_path / "c.yaml"
    file.write_text(text_of(f"address: 127.0.0.1:{free_port()}", sites={"crm.example": free_port()}))
    async with serving(file), asyncio.timeout(10):
        while before - resident_octets(os.getpid()) < FREED // 2:  # noqa: ASYNC110 - no event comes of it
            await asyncio.sleep(0)


def test_where_the_c_library_cannot_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    def library(_: None) -> object:
        return object()

    monkeypatch.setattr("ctypes.CDLL", library)
    assert memory.malloc_trim() is None
    monkeypatch.setattr(memory, "_TRIM", None)
    give_back()

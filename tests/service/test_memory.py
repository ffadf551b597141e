"""Memory that was freed and lies between what is in use is not kept for ever."""

import asyncio
import os
import platform
import subprocess
import sys
from pathlib import Path
from types import BuiltinFunctionType
from typing import Final

import pytest
import uvloop

from gateway import extensions
from gateway.service import memory
from gateway.service.memory import give_back, map_large_blocks
from tests.http1.scanners import BUILD
from tests.load.memory import KIB, MIB, resident_octets
from tests.service.running import free_port
from tests.service.test_process import serving
from tests.service.test_reload import text_of
from tests.system import needs

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
@pytest.mark.parametrize("compiled", [pytest.param(True, marks=needs(*BUILD)), False])
def test_what_is_free_between_what_is_in_use_is_given_back(
    held: list[bytes], monkeypatch: pytest.MonkeyPatch, compiled: bool
) -> None:
    monkeypatch.setattr(extensions, "WANTED", compiled)
    function = memory.of_glibc("malloc_trim")
    assert isinstance(function, BuiltinFunctionType) is compiled
    monkeypatch.setattr(memory, "_TRIM", function)
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


async def test_a_process_that_serves_has_large_blocks_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def setting(number: int, value: int) -> int:
        said.append((number, value))
        return 1

    said: list[tuple[int, int]] = []
    monkeypatch.setattr(memory, "_SET", setting)
    file = tmp_path / "c.yaml"
    file.write_text(text_of(f"address: 127.0.0.1:{free_port()}", sites={"crm.example": free_port()}))
    async with serving(file):
        pass
    assert said == [(-3, 262_144), (-1, 2_097_152)]  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h


def test_where_the_c_library_cannot_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    def library(_: None) -> object:
        return object()

    monkeypatch.setattr(extensions, "WANTED", False)
    monkeypatch.setattr("ctypes.CDLL", library)
    assert memory.of_glibc("malloc_trim") is None
    monkeypatch.setattr(memory, "_TRIM", None)
    monkeypatch.setattr(memory, "_SET", None)
    give_back()
    map_large_blocks()


MAPPED: Final = """\
import ctypes
from gateway.service.memory import MAPPED_OCTETS, map_large_blocks

library = ctypes.CDLL(None)
library.malloc.restype, library.free.argtypes = ctypes.c_size_t, (ctypes.c_void_p,)

def is_mapped(octets):
    block = library.malloc(octets)
    flags = ctypes.c_size_t.from_address(block - ctypes.sizeof(ctypes.c_size_t)).value
    library.free(block)
    return bool(flags & 2)  # IS_MMAPPED of glibc's malloc.c

print(is_mapped(4 * MAPPED_OCTETS), is_mapped(MAPPED_OCTETS))  # glibc learns from the first
map_large_blocks()
library.malloc_trim(0)  # or the heap's end is large enough
print(is_mapped(4 * MAPPED_OCTETS), is_mapped(MAPPED_OCTETS), is_mapped(256_000 + 100))
"""
"""256,000 is what uvloop reads at most without TLS; Python's `bytes` has little more."""


@needs_glibc
@pytest.mark.parametrize("without_what_is_compiled", ["", "1"])
def test_a_block_as_uvloop_has_for_tls_is_mapped_by_itself_and_what_is_read_is_not(
    without_what_is_compiled: str,
) -> None:
    environment = os.environ | {"CORS_GATEWAY_NO_EXTENSIONS": without_what_is_compiled}
    command = (sys.executable, "-c", MAPPED)
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    assert said.splitlines() == ["True False", "True True False"]


def test_uvloops_blocks_are_as_large_as_that() -> None:
    """It is compiled, and says it in its sources only, which it brings."""
    constants = Path(str(uvloop.__file__)).with_name("includes") / "consts.pxi"
    assert "SSL_READ_MAX_SIZE = 256 * 1024" in constants.read_text()
    assert "UV_STREAM_RECV_BUF_SIZE = 256000" in constants.read_text()

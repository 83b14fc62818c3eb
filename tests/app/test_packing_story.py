"""The table of a packed file: its parts add up to the file, and old studies still open."""

import pytest

from app.facts import FACTS, Packed, PackedLayer
from app.packing_story import HEADS, packed_rows, total_row
from profiler.plain import from_plain, to_plain

# LeNet-5's ip1: 500 × 800 weights in float32 are 1,600,000 bytes; 31 values shared by 32,000 that are kept.
IP1 = PackedLayer("ip1.weight", "ip1", 1_600_000, 40_000, 21_000, "csr", 124, "codebook", 41_000, 32_000, 400_000, 31)
IP2 = PackedLayer("ip2.weight", "ip2", 20_000, 10_000, 0, "dense", 0, "planes", 10_500, 5000, 5000)
FILE = Packed("B", "b" * 64, 1_724_000, 51_500, 52_000, (IP1, IP2))


def test_index_codebook_and_values_make_up_the_bytes():
    ip1, ip2, rest = packed_rows(FILE)
    assert (ip1.index, ip1.codebook, ip1.values) == (21_000, 124, 40_000 - 21_000 - 124)
    assert (ip2.index, ip2.codebook, ip2.values) == (0, 0, 10_000)
    assert (rest.name, rest.packed) == ("Everything else", 1500)
    total = total_row(FILE)
    assert total.packed == ip1.packed + ip2.packed + rest.packed
    assert total.index + total.codebook + total.values + rest.packed == 51_500


def test_it_is_written_as_the_heads_say():
    written = dict(zip(HEADS, packed_rows(FILE)[0].written(), strict=True))
    assert written["Form"] == "csr, 31 shared"
    assert written["Original"] == "1,600,000"
    assert written["Rate"] == "40.0 ×"
    assert written["Ideal code"] == "41,000"
    assert dict(zip(HEADS, packed_rows(FILE)[1].written(), strict=True))["Codebook"] == "–"


def test_a_fact_of_an_older_study_opens():
    old = {"name": "w", "layer": "ip1", "original": 4, "packed": 3, "index": 1, "form": "csr"}
    plain = to_plain(FILE) | {"layers": [old]}
    found = from_plain(plain, FACTS["Packed"])
    (row, *_) = packed_rows(found)
    assert (row.form, row.codebook, row.values, row.entropy) == ("csr", 0, 2, None)


@pytest.mark.parametrize("layers", [(), (IP1,)])
def test_a_file_without_rows_has_none_to_show(layers):
    rows = packed_rows(Packed("B", "b" * 64, 100, 40_000, 0, layers))
    assert len(rows) == len(layers)

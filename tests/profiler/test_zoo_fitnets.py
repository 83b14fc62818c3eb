"""The FitNets against the table that Romero et al. 2015 and the lecture print.

They count weights without biases, as the authors' scripts do, and the last hidden layer with two linear pieces, though
the paper's appendix and the authors' files give it five.
"""

from math import prod

import pytest

from profiler.breakdown import breakdown
from profiler.network import Network
from profiler.zoo.fitnets import STUDENTS, fitnet_1, fitnet_4, fitnets_teacher, student


def counted(network: Network) -> tuple[int, int, int]:
    """Weighted layers, weights, multiplications."""
    weighted = [layer for layer in breakdown(network).layers if layer.weight_shape is not None]
    return len(weighted), sum(prod(layer.weight_shape or ()) for layer in weighted), breakdown(network).totals().macs


@pytest.mark.parametrize(
    ("name", "layers", "weights", "multiplications"),
    [
        # 9·2·(3·16 + 2·16² + 16·32 + 2·32² + 32·48 + 48² + 48·64) + 64·1000 + 5000; printed 250K, 30M
        ("FitNet-1", 11, 249_576, 30),
        # 9·2·(3·16 + 16·32 + 32² + 32·48 + 48·64 + 64·80 + 80·96 + 96² + 96·128) + 128·1000 + 5000; printed 862K, 108M
        ("FitNet-2", 11, 861_928, 108),
        # 9·2·(3·32 + 2·32² + 32·48 + 48² + 48·80 + 5·80² + 80·128 + 5·128²) + 128·1000 + 5000; printed 2.5M, 382M
        ("FitNet-4", 19, 2_544_712, 382),
    ],
)
def test_students_as_printed(name, layers, weights, multiplications):
    found = counted(student(name, STUDENTS[name], last_pieces=2))
    assert (*found[:2], round(found[2] / 1e6)) == (layers, weights, multiplications)


def test_the_teacher_as_printed():
    """Printed 5 layers, 9M, 725M: 192·192 + 384·96·64 + 384·192·25 + 4800·1000 + 5000 weights, at 33², 15², 9²."""
    weights = (36_864, 2_359_296, 1_843_200, 4_800_000, 5_000)
    macs = 33**2 * weights[0] + 15**2 * weights[1] + 9**2 * weights[2] + weights[3] + weights[4]
    assert counted(fitnets_teacher(last_pieces=2)) == (5, sum(weights), macs)
    assert (round(sum(weights) / 1e6), round(macs / 1e6)) == (9, 725)


def test_the_row_of_fitnet_3_is_another_networks():
    """Printed 1.6M and 392M. Table 7's 32-48-64-64 at the start gives 1.5M and 324M; 64-64-64-64 gives the printed."""
    assert STUDENTS["FitNet-3"][0] == (32, 48, 64, 64)
    layers, weights, macs = counted(student("FitNet-3", STUDENTS["FitNet-3"], last_pieces=2))
    assert (layers, weights, round(macs / 1e6)) == (13, 1_503_304, 324)
    layers, weights, macs = counted(student("other", ((64,) * 4, (80,) * 4, (128,) * 3), last_pieces=2))
    assert (layers, round(weights / 1e6, 1), round(macs / 1e6)) == (13, 1.6, 392)


def test_five_pieces_as_the_appendix_says():
    """Three more pieces of 500 units: 64·1500, 128·1500 and 4800·1500 weights."""
    assert counted(fitnet_1())[1] == 249_576 + 64 * 1500
    assert counted(fitnet_4())[1] == 2_544_712 + 128 * 1500
    assert counted(fitnets_teacher())[1] == 9_044_360 + 4800 * 1500

"""Peaks worked out by hand: bytes of all values alive while a node runs."""

import numpy as np

from profiler import zoo
from profiler.memory import peak_activation_bytes


def test_a_chain(make):
    """100 floats in; 300 out of the first, 50 out of the second: 400 + 1200 while the first runs."""
    network = make(
        "g (float[1,100] x) => (float[1,50] y) { a = MatMul (x, w)  y = MatMul (a, v) }",
        w=np.zeros((100, 300), np.float32),
        v=np.zeros((300, 50), np.float32),
    )
    assert peak_activation_bytes(network) == 4 * (100 + 300)


def test_a_shortcut_stays_alive(make):
    """x (10) is needed until the Add: while b is made, x, a and b are there."""
    network = make("g (float[10] x) => (float[10] y) { a = Relu (x)  b = Neg (a)  y = Add (b, x) }")
    assert peak_activation_bytes(network) == 4 * 30


def test_an_output_stays_to_the_end(make):
    """a is an output: while c is made from b there are a, b and c."""
    network = make(
        "g (float[10] x) => (float[10] a, float[10] d) { a = Relu (x)  b = Neg (a)  c = Exp (b)  d = Abs (c) }"
    )
    assert peak_activation_bytes(network) == 4 * 30


def test_looking_at_it_differently_takes_no_memory(make):
    """Flatten shares its input's bytes, which live until the Neg has read them."""
    network = make("g (float[1,2,5] x) => (float[1,10] y) { f = Flatten (x)  y = Neg (f) }")
    assert peak_activation_bytes(network) == 4 * 20


def test_lenet():
    """conv1 and pool1: 4 · (20·24·24 + 20·12·12) = 57,600; conv2's 20·12·12 + 50·8·8 is less."""
    assert peak_activation_bytes(zoo.build("LeNet-5")) == 57_600


def test_vgg_16():
    """conv1_2 and the ReLU behind it: twice 64·224·224 floats."""
    assert peak_activation_bytes(zoo.build("VGG-16")) == 2 * 64 * 224 * 224 * 4


def test_unknown_is_none(make):
    network = make("g (float[2] x) => (float[a] y) { y = own.Thing (x) }")
    assert peak_activation_bytes(network) is None
    assert peak_activation_bytes(make("g (float[1,K] x) => (float[1,K] y) { y = Relu (x) }")) is None

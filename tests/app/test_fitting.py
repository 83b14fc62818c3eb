"""A recipe on another network: what it says of layers that are not there is taken out."""

from app.fitting import fitted, strangers

STEPS = [
    {"method": "magnitude_pruning", "by": "share", "share": 0.9, "layers": ["fc6", "ip1"], "per_layer": {"fc6": 0.95}},
    {"method": "weight_sharing", "bits": 4, "per_layer": {"ip2": 3, "fc7": 2}, "given": {"fc8": (0.1,), "ip1": (0.5,)}},
    {"method": "int8", "leave_out": ["fc6"]},
    {"method": "fine_tune", "epochs": 2},
]


def test_strangers_are_named_once(lenet):
    assert strangers(STEPS, lenet) == ("fc6", "fc7", "fc8")
    assert strangers([{"method": "fine_tune"}], lenet) == ()


def test_what_fits_stays(lenet):
    prune, share, int8, tune = fitted(STEPS, lenet)
    assert (prune["layers"], prune["per_layer"], prune["share"]) == (("ip1",), {}, 0.9)
    assert (share["per_layer"], share["given"]) == ({"ip2": 3}, {"ip1": (0.5,)})
    assert int8["leave_out"] == ()
    assert tune == {"method": "fine_tune", "epochs": 2}
    assert strangers(fitted(STEPS, lenet), lenet) == ()

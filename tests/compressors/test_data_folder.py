"""Image folders and zips of them, good and bad."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from compressors.data import open_data
from profiler.errors import BadInput


def picture(path, colour, size=(4, 3), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)


@pytest.fixture
def pets(tmp_path):
    """Two classes, ten images each; image n of a class has brightness n."""
    root = tmp_path / "pets"
    for n in range(10):
        picture(root / "dog" / f"{n}.png", (n, 0, 0))
        picture(root / "cat" / f"{n}.png", (n, 255, 0))
    return root


def zipped(folder, target, inside="."):
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, f"{inside}/{path.relative_to(folder)}")
    return str(target)


def decode_all(data):
    for name in data.sizes:
        data.split(name).images[:]


def contents(split):
    """{(label, red value)}, checking on the way that green tells the class."""
    images = split.images[:]
    assert [image[0, 0, 1] == 255 for image in images] == [split.classes[label] == "cat" for label in split.labels]
    return {(int(label), int(image[0, 0, 0])) for image, label in zip(images, split.labels, strict=True)}


def test_class_folders_are_split_by_class_and_sorted_by_name(pets):
    data = open_data(str(pets))
    assert data.classes == ("cat", "dog")
    assert data.title == "pets"
    parts = {name: contents(data.split(name)) for name in data.sizes}
    assert {name: len(part) for name, part in parts.items()} == {"train": 14, "validation": 2, "test": 4}
    assert set.union(*parts.values()) == {(label, n) for label in (0, 1) for n in range(10)}
    assert {label for label, _ in parts["validation"]} == {0, 1}
    assert {name: contents(open_data(str(pets)).split(name)) for name in data.sizes} == parts


@pytest.mark.parametrize("inside", [".", "download"])
def test_a_zip_reads_like_the_folder(pets, tmp_path, inside):
    data = open_data(zipped(pets, tmp_path / "pets.zip", inside))
    for name in ("train", "validation", "test"):
        assert contents(data.split(name)) == contents(open_data(str(pets)).split(name))


def test_a_zip_of_split_folders(pets, tmp_path):
    root = tmp_path / "sets"
    root.mkdir()
    for name in ("train", "test"):
        (root / name).symlink_to(pets)
    with zipfile.ZipFile(tmp_path / "sets.zip", "w") as archive:
        for name in ("train", "test"):
            for path in sorted(pets.rglob("*.png")):
                archive.write(path, f"sets/{name}/{path.relative_to(pets)}")
    data = open_data(str(tmp_path / "sets.zip"))
    assert dict(data.sizes) == {"train": 18, "validation": 2, "test": 20}


def test_names_that_climb_out_of_a_zip_reach_nothing(pets, tmp_path):
    outside = tmp_path / "evil.png"
    picture(outside, (9, 9, 9))
    target = tmp_path / "pets.zip"
    zipped(pets, target)
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("../evil/1.png", outside.read_bytes())
        archive.writestr("/etc/evil/2.png", outside.read_bytes())
    assert open_data(str(target)).classes == ("cat", "dog")


@pytest.mark.parametrize("validation", ["val", "validation"])
def test_split_folders_are_kept(tmp_path, validation):
    for n, name in enumerate(("train", validation, "test")):
        for k in range(n + 1):
            picture(tmp_path / name / "cat" / f"{k}.png", (n, 255, 0))
            picture(tmp_path / name / "dog" / f"{k}.png", (n, 0, 0))
    data = open_data(str(tmp_path))
    assert dict(data.sizes) == {"train": 2, "validation": 4, "test": 6}
    assert contents(data.split("test")) == {(0, 2), (1, 2)}


def test_without_a_test_folder_validation_is_the_test(tmp_path):
    for name, count in (("train", 20), ("val", 3)):
        for k in range(count):
            picture(tmp_path / name / "cat" / f"{k}.png", (k, 255, 0))
            picture(tmp_path / name / "dog" / f"{k}.png", (k, 0, 0))
    assert dict(open_data(str(tmp_path)).sizes) == {"train": 36, "validation": 4, "test": 6}


def test_a_labels_file_gives_the_order(pets):
    (pets / "labels.txt").write_text("dog\ncat\nfish\n")
    data = open_data(str(pets))
    assert data.classes == ("dog", "cat", "fish")
    assert {label for label, _ in contents(data.split("train"))} == {0, 1}


@pytest.mark.parametrize(("text", "says"), [("cat\n", "no line “dog”"), ("cat\ndog\ncat\n", "names a class twice")])
def test_a_wrong_labels_file(pets, text, says):
    (pets / "labels.txt").write_text(text)
    with pytest.raises(BadInput, match=says):
        open_data(str(pets))


def test_grey_colour_and_16_bit_images(tmp_path):
    for n in range(10):
        picture(tmp_path / "a" / f"{n}.png", 77, mode="L")
        picture(tmp_path / "b" / f"{n}.png", (1, 2, 3, 255), mode="RGBA", size=(2, 2))
    for n in range(10):
        path = tmp_path / "c" / f"{n}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((3, 4), 0x1234, np.uint16)).save(path)
    images = open_data(str(tmp_path)).split("train").images[:]
    assert isinstance(images, list)
    seen = {(image.shape, tuple(image[0, 0].tolist())) for image in images}
    assert seen == {((3, 4, 1), (77,)), ((2, 2, 3), (1, 2, 3)), ((3, 4, 1), (0x12,))}


def test_a_corrupt_image_is_named_when_it_is_read(pets):
    (pets / "dog" / "bad.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    data = open_data(str(pets))  # opening decodes nothing
    with pytest.raises(BadInput, match=r"dog/bad\.jpg"):
        decode_all(data)


def test_a_truncated_image_is_named(pets):
    Image.effect_noise((64, 64), 50).save(pets / "dog" / "0.png")
    (pets / "dog" / "0.png").write_bytes((pets / "dog" / "0.png").read_bytes()[:400])
    with pytest.raises(BadInput, match=r"dog/0\.png"):
        decode_all(open_data(str(pets)))


def test_a_damaged_zip_entry_is_named(pets, tmp_path):
    target = tmp_path / "pets.zip"
    zipped(pets, target)
    with zipfile.ZipFile(target) as archive:
        entry = archive.getinfo("./cat/3.png") if "./cat/3.png" in archive.namelist() else archive.getinfo("cat/3.png")
    raw = bytearray(target.read_bytes())
    raw[entry.header_offset + 60] ^= 0xFF
    target.write_bytes(bytes(raw))
    with pytest.raises(BadInput, match=r"cat/3\.png"):
        decode_all(open_data(str(target)))


def test_empty_one_class_loose_and_too_few(tmp_path, pets):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="holds no images"):
        open_data(str(tmp_path / "empty"))
    picture(tmp_path / "one" / "cat" / "1.png", 0)
    with pytest.raises(BadInput, match="one class, “cat”"):
        open_data(str(tmp_path / "one"))
    picture(tmp_path / "few" / "cat" / "1.png", 0)
    picture(tmp_path / "few" / "dog" / "1.png", 0)
    with pytest.raises(BadInput, match="too few"):
        open_data(str(tmp_path / "few"))
    picture(pets / "loose.png", 0)
    with pytest.raises(BadInput, match=r"loose\.png.*no class folder"):
        open_data(str(pets))


def test_a_zip_that_is_none(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"PK nonsense")
    with pytest.raises(BadInput, match=r"x\.zip.*not a zip"):
        open_data(str(tmp_path / "x.zip"))

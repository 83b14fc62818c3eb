"""Data sets: what a network learns from and is judged on."""

from pathlib import Path

from compressors.data.data_set import DataSet, Split
from profiler.errors import BadInput

__all__ = ["DataSet", "Split", "open_data"]

FORMS = (
    "It takes digits (bundled), a folder of class folders or a zip of one, a folder of MNIST IDX files, "
    "or an .npz with x_train, y_train, x_test and y_test."
)


def open_data(spec: str) -> DataSet:
    """The data set that `spec` names: `digits`, or the path of a folder, a zip or an .npz.

    Images are read when they are asked for. Raises BadInput that names the file and what is wrong with it.
    """
    if spec.lower() == "digits":
        from compressors.data.digits import open_digits

        return open_digits()
    path = Path(spec).expanduser()
    if not path.exists():
        raise BadInput(f"There is no data set “{spec}”.", fix=FORMS)
    try:
        return _open_path(path)
    except OSError as error:
        raise BadInput(f"“{path}” can’t be read: {error.strerror or error}.", fix=FORMS) from error


def _open_path(path: Path) -> DataSet:
    from compressors.data.image_folder import open_image_folder, open_image_zip
    from compressors.data.mnist_idx import is_mnist_folder, open_mnist
    from compressors.data.npz import open_npz

    if path.is_dir():
        return open_mnist(path) if is_mnist_folder(path) else open_image_folder(path)
    if path.suffix.lower() == ".zip":
        return open_image_zip(path)
    if path.suffix.lower() == ".npz":
        return open_npz(path)
    raise BadInput(f"“{path.name}” is no data set that can be opened here.", fix=FORMS)

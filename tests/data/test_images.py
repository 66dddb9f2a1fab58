import gzip
import io
import pickle
import struct

import numpy as np
import pytest

from hrsnn_edge.data.cifar import load_cifar, read_batch
from hrsnn_edge.data.images import pool_planes
from hrsnn_edge.data.mnist import load_mnist, read_idx
from hrsnn_edge.data.patches import cell_intensities, cosines, patch_cells
from hrsnn_edge.data.safe_pickle import load_pickle
from hrsnn_edge.errors import DataError
from tests.data.files import idx_bytes, shared


class Python2Pickler(pickle._Pickler):
    """Writes bytes as the strings of Python 2, as the published batches hold them."""

    def save_text(self, value):
        self.write(b"T" + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch = pickle._Pickler.dispatch | {bytes: save_text}


def python2(value) -> bytes:
    buffer = io.BytesIO()
    Python2Pickler(buffer, 2).dump(value)
    return buffer.getvalue()


class Malicious:
    """Would write a file when unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def batch(n, n_classes=10, key=b"labels"):
    data = np.random.default_rng(n).integers(0, 256, (n, 3072), dtype=np.uint8)
    return {b"data": data, key: [k % n_classes for k in range(n)]}


@pytest.fixture
def cifar(tmp_path):
    for name, n in (("data_batch_1", 40), ("data_batch_2", 40), ("test_batch", 20)):
        (tmp_path / name).write_bytes(python2(batch(n)))
    names = [f"c{k}".encode() for k in range(10)]
    (tmp_path / "batches.meta").write_bytes(python2({b"label_names": names}))
    return tmp_path


@pytest.fixture
def mnist(tmp_path):
    rng = np.random.default_rng(0)
    for stem, n in (("train", 40), ("t10k", 20)):
        images = idx_bytes(rng.integers(0, 256, (n, 28, 28)))
        (tmp_path / f"{stem}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (tmp_path / f"{stem}-labels-idx1-ubyte").write_bytes(idx_bytes(np.arange(n) % 10))
    return tmp_path


def test_cells_by_hand():
    """A step in brightness drives the cells of its direction and sign, where it is, no others."""
    image = np.zeros((1, 3, 12, 12), np.uint8)
    image[..., 5:] = 255
    cells = patch_cells(image, 1)[0, :, 0]
    assert cells.shape == (43,)
    # 5 x 5 patches from columns 0, 2, 4, 6, 8: one wholly dark, two with the step, two bright.
    across = [[0, 0, 0, 1], [0, 1, 1, 1]] @ cosines(4)[1]
    np.testing.assert_allclose(cells[0], 4 * (1 / 4 + 3 / 4 + 1 + 1) / 5)
    # Order: down 0, across 1; brighter to the right is OFF, since cosines begin at their top.
    assert across.max() < 0
    np.testing.assert_allclose(cells[1], 0, atol=1e-12)
    np.testing.assert_allclose(cells[2], 2 * -across.sum() / 5)
    np.testing.assert_allclose(cells[7:13], 0, atol=1e-12)
    np.testing.assert_allclose(cells[19:], 0, atol=1e-12)
    dark = patch_cells(255 - image, 1)[0, :, 0]
    np.testing.assert_allclose(dark[[1, 2]], cells[[2, 1]], atol=1e-12)
    left, right = patch_cells(image, 2)[0, 0].reshape(2, 2).T
    assert (left < right).all()


def test_colours_are_opponent():
    """Even red drives red against green, ON, and yellow against blue; grey drives neither."""
    image = np.zeros((2, 3, 8, 8), np.uint8)
    image[0, 0], image[1] = 255, 128
    red, grey = patch_cells(image, 1)[..., 0]
    np.testing.assert_allclose(red[[0, 19, 20, 31, 32]], [4 / 3, 2, 0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(grey[19:], 0, atol=1e-12)


def test_cells_want_colours_and_enough_patches():
    """Grey images and grids finer than the patches are refused."""
    with pytest.raises(ValueError, match=r"must be \(n, 3, rows, columns\), not \(1, 1, 8, 8\)"):
        patch_cells(np.zeros((1, 1, 8, 8), np.uint8), 1)
    with pytest.raises(ValueError, match="Grid must be at most 3 patches, not 4"):
        patch_cells(np.zeros((1, 3, 8, 8), np.uint8), 4)


def test_intensities_are_scaled_by_the_train_part():
    """Full is that of each filter in training; more is cut off, a dead filter stays silent."""
    trained = np.array([[[4.0, 4.0], [0.0, 0.0]]])
    shown = np.array([[[1.0, 9.0], [0.0, 1.0]]])
    np.testing.assert_allclose(cell_intensities(shown, trained), [[0.5, 1, 0, 0]])


def test_pooling_by_hand():
    """Each square becomes its mean over 255, plane by plane."""
    image = np.zeros((1, 2, 2, 4), np.uint8)
    image[0, 1, :, :2] = [[255, 0], [255, 0]]
    np.testing.assert_array_equal(pool_planes(image, 2), [[0, 0, 0.5, 0]])
    with pytest.raises(ValueError, match="Pool must divide 2 and 4 pixels, not be 3"):
        pool_planes(image, 3)


def test_idx_files_packed_or_not(mnist):
    """Images and labels are read with or without gzip; silence follows the input."""
    data = load_mnist(mnist, pool=4, n_steps=10, silent_steps=5, p_max=0.5, n_folds=2)
    assert (len(data.train.labels), len(data.test.labels)) == (40, 20)
    assert data.train.events.n_inputs == 49
    assert data.train.events.n_steps.tolist() == [15] * 40
    assert data.train.events.t.max() == 9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d[:-2], "must hold 2 x 3 bytes, not 4. The file is cut short"),
        (lambda d: d + b"x", "must hold 2 x 3 bytes, not 7"),
        (lambda d: b"\1" + d[1:], "must start with an IDX head"),
        (lambda d: d[:2] + b"\x0d" + d[3:], r"must be unsigned bytes \(8\), not type 13"),
        (lambda d: d[:3], "must start with an IDX head"),
    ],
)
def test_damaged_idx_is_named(tmp_path, change, message):
    """A cut, overlong or foreign file is named with what it holds."""
    path = tmp_path / "a-idx2"
    path.write_bytes(change(idx_bytes(np.arange(6).reshape(2, 3))))
    with pytest.raises(DataError, match=message):
        read_idx(path)


def test_cut_gzip_and_missing_labels_are_named(mnist):
    """An archive cut short and labels that do not match are named."""
    path = mnist / "t10k-labels-idx1-ubyte"
    path.write_bytes(idx_bytes(np.arange(19) % 10))
    with pytest.raises(DataError, match="t10k must have one label an image"):
        load_mnist(mnist)
    path = mnist / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.gz: must be a whole gzip file"):
        load_mnist(mnist)


def test_python_batches(cifar):
    """Batches are joined in order, planes become channels, names come from the meta file."""
    assert load_cifar(cifar, n_folds=2, grid=3).train.events.n_inputs == 387
    data = load_cifar(cifar, pool=16, n_steps=8, silent_steps=8, n_folds=2)
    assert data.class_names == tuple(f"c{k}" for k in range(10))
    assert (len(data.train.labels), data.train.events.n_inputs) == (80, 12)
    images, _ = read_batch(cifar / "data_batch_1", b"labels")
    np.testing.assert_array_equal(images.reshape(40, -1), batch(40)[b"data"])
    np.testing.assert_allclose(data.features_train[0, 0], images[0, 0, :16, :16].mean() / 255)


def test_stranger_is_never_run(cifar):
    """A batch that names a function is refused by that name, and the function is not called."""
    target = cifar / "made-by-pickle"
    for path in (cifar / "data_batch_1", cifar / "batches.meta"):
        whole = path.read_bytes()
        path.write_bytes(pickle.dumps({b"data": Malicious(target)}))
        with pytest.raises(DataError, match=rf"{path.name}: must hold arrays .* not _?io.open"):
            load_cifar(cifar)
        path.write_bytes(whole)
    assert not target.exists()


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "numpy.load", "numpy.core.x.y"])
def test_other_names_are_refused(name):
    """Only what rebuilds an array is known, by exact name."""
    module, _, leaf = name.rpartition(".")
    with pytest.raises(DataError, match=f"not {name}"):
        load_pickle(f"c{module}\n{leaf}\n.".encode(), "a")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (python2(batch(10))[:-40], "must be a whole pickle"),
        (b"\x80\x02}", "must be a whole pickle"),
        (b"\x80\x02}r\xff\xff\xff\x7f.", "must be a whole pickle .memo number 2147483647"),
        (python2([1, 2]), "must hold 'data'"),
        (python2({b"data": batch(3)[b"data"]}), "must hold 'labels'"),
        (python2(batch(3) | {b"labels": [1]}), r"must have one whole label an image, not \(1,\)"),
        (
            python2(batch(3) | {b"data": np.zeros((3, 9), np.uint8)}),
            r"bytes, not \(3, 9\)",
        ),
        (python2(batch(3) | {b"data": b"text"}), r"\(n, 3072\) bytes, not bytes"),
    ],
)
def test_damaged_batch_is_named(tmp_path, content, message):
    """A cut pickle and one of another content are named."""
    path = tmp_path / "data_batch_1"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"data_batch_1: .*{message}"):
        read_batch(path, b"labels")


def test_class_missing_from_test_is_named(cifar):
    """A class without a test image is named."""
    (cifar / "test_batch").write_bytes(python2(batch(20, 9)))
    with pytest.raises(DataError, match="Class 'c9' must have a sample in the test part"):
        load_cifar(cifar, n_folds=2)


def test_real_files():
    """The shared files are read: MNIST's first label is 5, CIFAR-100 has a hundred names."""
    labels = read_idx(shared("mnist-small/train-labels-idx1-ubyte.gz"))
    assert labels[:5].tolist() == [5, 0, 4, 1, 9]
    data = load_cifar(shared("cifar100-mini/cifar-100-python"), n_classes=100, n_steps=4)
    assert (data.class_names[0], len(data.train.labels)) == ("apple", 500)
    images, labels = read_batch(shared("cifar10-small/cifar-10-batches-py/test_batch"), b"labels")
    assert images.shape == (1000, 3, 32, 32) and np.bincount(labels).tolist() == [100] * 10

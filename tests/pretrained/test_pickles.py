"""Files that PyTorch saves are read as data: hostile ones are refused by name, and nothing of them runs."""

import io
import os
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from digits_core.errors import ModelInvalid
from digits_pretrained.pickles import MAGIC, PROTOCOL, read_pickled
from digits_pretrained.state_dicts import read_state_dict


def zipped(path, pickled, numbers=b"", key="0", compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr(f"archive/data/{key}", numbers)
    return path


def stream(path, pickled):
    parts = [pickle.dumps(part, 2) for part in (MAGIC, PROTOCOL, {"little_endian": True})]
    path.write_bytes(b"".join([*parts, pickled, pickle.dumps([], 2)]))
    return path


class Word:
    """Pickles as a global of any name."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Call:
    """Pickles as a call."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments


class Kept:
    """Pickles as a storage."""

    def __init__(self, *pid):
        self.pid = pid


class Writer(pickle._Pickler):
    def persistent_id(self, thing):
        return thing.pid if isinstance(thing, Kept) else None

    def save(self, thing, save_persistent_id=True):
        if isinstance(thing, Word):
            self.write(pickle.GLOBAL + f"{thing.module}\n{thing.name}\n".encode())
        elif isinstance(thing, Call):
            self.save(thing.function)
            self.save(thing.arguments)
            self.write(pickle.REDUCE)
        else:
            super().save(thing, save_persistent_id)


def pickled(thing):
    target = io.BytesIO()
    Writer(target, 2).dump(thing)
    return target.getvalue()


FLOATS = Word("torch", "FloatStorage")


def tensor(count=4, offset=0, size=(4,), stride=(1,), key="0"):
    return Call(Word("torch._utils", "_rebuild_tensor_v2"), Kept("storage", FLOATS, key, "cpu", count), offset, size,
                stride, False, OrderedDict())  # fmt: skip


def test_a_tensor_is_read_with_its_strides(tmp_path):
    numbers = np.arange(6, dtype=np.float32)
    turned = tensor(6, 0, (3, 2), (1, 3))
    found = read_pickled(zipped(tmp_path / "w.pt", pickled({"w": turned}), numbers.tobytes()))
    np.testing.assert_array_equal(found["w"], numbers.reshape(2, 3).T)


HOSTILE = {
    "posix.system": Call(Word("posix", "system"), "touch SEEN"),
    "os.system": Call(Word("os", "system"), "touch SEEN"),
    "builtins.eval": Call(Word("builtins", "eval"), "open('SEEN', 'w')"),
    "builtins.getattr": Call(Word("builtins", "getattr"), OrderedDict(), "clear"),
    "subprocess.Popen": Call(Word("subprocess", "Popen"), ["touch", "SEEN"]),
    "torch.load": Call(Word("torch", "load"), "elsewhere"),
    "torch.FloatStorage.__class__": Word("torch", "FloatStorage.__class__"),
    "collections.OrderedDict.fromkeys": Word("collections", "OrderedDict.fromkeys"),
    "numpy.core.multiarray.scalar": Word("numpy.core.multiarray", "scalar"),
    "digits_pretrained.pickles.os": Word("digits_pretrained.pickles", "os"),
    "argparse.Namespace": Call(Word("argparse", "Namespace")),
}


@pytest.mark.parametrize("form", [zipped, stream])
@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_else_a_file_asks_for_is_refused_by_name_and_not_run(name, form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelInvalid) as refused:
        read_state_dict(form(tmp_path / "w.pt", pickled({"w": HOSTILE[name]})))
    assert f"it asks for {name} (" in str(refused.value)
    assert "safetensors" in refused.value.hint
    assert not (tmp_path / "SEEN").exists()


BOMBS = {
    "larger than its storage": tensor(4, 0, (1 << 40,), (0,)),
    "larger than its storage ": tensor(4, 3, (2,), (1,)),
    "otherwise than PyTorch does": tensor(4, -1, (4,), (1,)),
    "otherwise than PyTorch does ": tensor(4, 0, (2, 2), (1,)),
    "no storage of numbers": Kept("module", "os", "0", "cpu", 4),
    "more numbers than it has room for": {"a": tensor(1 << 30, 0, (1 << 30,), (1,))},
    "more numbers than it has room for ": {str(number): tensor() for number in range(9)},
    "cut off": {"a": tensor(5, 0, (5,), (1,))},
    "described twice": {"a": tensor(4), "b": tensor(3, 0, (3,))},
}


@pytest.mark.parametrize("reason", BOMBS)
def test_what_is_larger_than_it_can_be_is_refused_before_memory_is_taken(reason, tmp_path):
    path = zipped(tmp_path / "w.pt", pickled({"w": BOMBS[reason]}), np.zeros(4, np.float32).tobytes())
    with pytest.raises(ModelInvalid, match=reason.strip()):
        read_state_dict(path)


def test_a_compressed_archive_is_refused(tmp_path):
    path = zipped(tmp_path / "w.pt", pickled({"w": tensor(1 << 20)}), bytes(4 << 20), compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ModelInvalid, match="compressed"):
        read_state_dict(path)


def test_nothing_that_a_file_builds_can_change_how_the_next_is_read(tmp_path):
    """BUILD sets attributes of what stands before it: here of the function that makes tensors."""
    rebuild = pickle.GLOBAL + b"torch._utils\n_rebuild_tensor_v2\n"
    state = pickle.NONE + pickled({"__call__": 1})[2:-1] + pickle.TUPLE2 + pickle.BUILD
    with pytest.raises(ModelInvalid):
        read_state_dict(zipped(tmp_path / "w.pt", pickle.PROTO + b"\x02" + rebuild + state + pickle.STOP))
    good = zipped(tmp_path / "good.pt", pickled({"w": tensor()}), np.ones(4, np.float32).tobytes())
    assert read_state_dict(good)["w"].sum() == 4


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"not a pickle", b"\x80\x02}q\x00.", os.urandom(300), pickle.dumps([1, 2])], ids=range(6)
)
def test_what_is_no_file_of_pytorch_is_refused(data, tmp_path):
    path = tmp_path / "w.pt"
    path.write_bytes(data)
    with pytest.raises(ModelInvalid):
        read_state_dict(path)
    with pytest.raises(ModelInvalid):
        read_state_dict(zipped(path, data))


@pytest.mark.backend("torch")
@pytest.mark.parametrize("new", [True, False])
def test_everything_that_pytorch_saves_of_a_model_is_read(new, tmp_path):
    import torch

    shared = torch.randn(3, 4)
    state = OrderedDict(a=shared, b=shared.T, c=torch.tensor(7), d=torch.randn(2, 2).double(), e=torch.empty(0, 3))
    state["f"] = torch.nn.Parameter(torch.randn(5).half())
    state["g"] = torch.tensor([True, False])
    torch.save(state, tmp_path / "w.pth", _use_new_zipfile_serialization=new)
    found = read_pickled(tmp_path / "w.pth")
    assert list(found) == list(state)
    for name, tensor in state.items():
        np.testing.assert_array_equal(found[name], tensor.detach().numpy())
        assert found[name].dtype == tensor.detach().numpy().dtype

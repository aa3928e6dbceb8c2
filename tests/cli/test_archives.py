import pytest

pytest.importorskip("onnxruntime", reason="archives are made with ONNX Runtime, which is not installed here")


@pytest.fixture
def archive(digits, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = digits("archive", "finished", "--license", "CC-BY-4.0")
    assert answer.status == 0 and "Wrote finished.tar.gz" in answer.out
    return tmp_path / "finished.tar.gz"


def test_show_tells_what_is_in_an_archive(digits, archive):
    shown = digits("archive", "show", archive)
    assert shown.status == 0 and "CC-BY-4.0" in shown.out and "model.onnx" in shown.out
    data = digits("archive", "show", archive, "--json").data
    assert data["model"] == "finished@000003-epoch" and data["labels"] == ["blue", "green", "red"]
    assert data["metrics"]["metrics"]["val/accuracy"] > 0.5 and data["dataset"]["name"] == "colours"


def test_an_archive_is_shown_like_an_imported_model(digits, archive):
    data = digits("model", "show", archive, "--json").data
    assert data["name"] == str(archive) and data["importer"] == "archive" and data["labels"] == ["blue", "green", "red"]
    assert "Licence: CC-BY-4.0" in digits("model", "show", archive).out
    archive.write_bytes(b"nothing")
    assert digits("model", "show", archive).status == 2


@pytest.mark.parametrize(
    "command", ["classify", "evaluate", "inspect", "top", "errors", "similar", "export", "archive make"]
)
def test_commands_that_take_a_model_say_that_it_may_be_an_archive(digits, command):
    assert "or an archive" in " ".join(digits(*command.split(), "--help").out.split())


def test_the_network_of_an_archive_is_one_like_that_of_a_file(digits, refused, archive, tmp_path):
    shown = digits("network", "show", archive, "--dataset", "colours", "--json").data
    assert shown["name"] == "lenet" and shown["classes"] == 3
    assert digits("network", "draw", archive, "-o", tmp_path / "n.svg").status == 0
    (tmp_path / "n.yaml").write_bytes(archive.read_bytes())
    for command in (("network", "check"), ("parity",)):
        assert "n.yaml is expected to be text, found other bytes" in refused(*command, tmp_path / "n.yaml")
        assert "missing.zip is refused: it does not exist" in refused(*command, tmp_path / "missing.zip")


def test_the_word_make_may_be_left_out_and_options_may_come_first(digits, archive, tmp_path):
    made = [
        digits("archive", "make", "finished", "-o", "a.zip", "--json"),
        digits("archive", "finished@last", "-o", "b.tar", "--json"),
        digits("archive", "-o", "c.tgz", "finished", "--json"),
    ]
    assert [answer.status for answer in made] == [0, 0, 0], made
    assert len({answer.data["digest"] for answer in made}) == 1


def test_an_archive_that_is_there_is_replaced_only_by_force(digits, archive, tmp_path):
    archive.write_bytes(b"precious")
    refused = digits("archive", "finished")
    assert refused.status == 2 and "--force" in refused.err and archive.read_bytes() == b"precious"
    assert digits("archive", "finished", "--force").status == 0 and archive.stat().st_size > 1000


def test_a_job_in_the_place_of_an_archive_is_to_be_packed_first(refused, trained):
    for word in ("show", "verify", "serve"):
        assert "Pack it first: digits archive finished@best" in refused("archive", word, "finished@best")


def test_a_model_called_as_a_command_is_packed_with_make(digits, trained, tmp_path):
    assert digits("job", "rename", "finished", "show").status == 0
    assert digits("archive", "make", "show", "-o", tmp_path / "m.zip").status == 0


def test_verify_says_what_it_looked_at_and_its_exit_status_what_it_found(digits, archive):
    good = digits("archive", "verify", archive, "--json")
    assert good.status == 0 and good.data["passed"]
    damaged = bytearray(archive.read_bytes())
    damaged[len(damaged) // 2] ^= 255
    archive.write_bytes(damaged)
    bad = digits("archive", "verify", archive)
    assert bad.status == 2 and bad.err.startswith("Error: Archive finished.tar.gz is refused: ")


def test_what_cannot_be_packed_is_refused(refused, tmp_path):
    assert "no job or imported model" in refused("archive", "nobody", "-o", tmp_path / "m.zip")
    assert ".tar.gz" in refused("archive", "nobody", "-o", tmp_path / "m.rar")
    assert "does not exist" in refused("archive", "show", tmp_path / "m.zip")
    assert "does not exist" in refused("classify", tmp_path / "m.zip", tmp_path / "x.png")

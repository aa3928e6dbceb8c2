"""Which machine this one is: flags, torchrun and Slurm, and everything that may be wrong with them."""

import pytest

from digits_core.errors import SpecInvalid
from digits_core.scheduling.nodes import Place, find_place

TORCHRUN = {
    "GROUP_RANK": "1",
    "GROUP_WORLD_SIZE": "2",
    "LOCAL_RANK": "0",
    "MASTER_ADDR": "node-a.cluster",
    "MASTER_PORT": "29500",
}
SLURM = {"SLURM_NNODES": "4", "SLURM_NODEID": "3", "SLURM_LOCALID": "0", "SLURM_LAUNCH_NODE_IPADDR": "10.0.0.7"}


def problems(*words, **environment):
    with pytest.raises(SpecInvalid) as refused:
        find_place(*words, environment)
    return [problem.message for problem in refused.value.problems]


@pytest.mark.parametrize("nodes", [None, "1"])
def test_one_machine_is_no_place(nodes):
    assert find_place(nodes, None, None, {}) is None


def test_flags_say_it_all():
    assert find_place("3", 2, "10.0.0.1:29500", {}) == Place(3, 2, "10.0.0.1", 29500)
    assert find_place("2", 0, "[fd00::1]:80", {}) == Place(2, 0, "fd00::1", 80)


@pytest.mark.parametrize("text", ["node-a", "10.0.0.1:29500", "[fd00::1]", "[fd00::1]:80"])
def test_a_coordinator_is_written_down_as_it_is_read(text):
    assert find_place("2", 1, text, {}).coordinator == text


def test_torchrun_says_it_all_and_keeps_its_port_to_itself():
    assert find_place(None, None, None, TORCHRUN) == Place(2, 1, "node-a.cluster")
    assert find_place("auto", None, None, TORCHRUN) == Place(2, 1, "node-a.cluster")
    assert find_place("2", None, "10.0.0.9:1234", TORCHRUN) == Place(2, 1, "10.0.0.9", 1234)


def test_of_several_processes_on_a_machine_only_the_first_acts():
    assert not find_place(None, None, None, TORCHRUN | {"LOCAL_RANK": "3"}).acts
    alone = TORCHRUN | {"GROUP_RANK": "0", "GROUP_WORLD_SIZE": "1"}
    assert find_place(None, None, None, alone) is None
    assert not find_place(None, None, None, alone | {"LOCAL_RANK": "1"}).acts
    assert not find_place("auto", None, None, SLURM | {"SLURM_LOCALID": "1"}).acts


def test_slurm_is_asked_only_where_somebody_wants_it():
    assert find_place(None, None, None, SLURM) is None
    assert find_place("auto", None, None, SLURM) == Place(4, 3, "10.0.0.7")
    assert find_place("auto", None, "head", SLURM) == Place(4, 3, "head")


def test_slurm_may_name_the_first_machine_in_another_way():
    named = {**SLURM, "SLURM_LAUNCH_NODE_IPADDR": "", "SLURM_SRUN_COMM_HOST": "10.0.0.8"}
    assert find_place("auto", None, None, named).host == "10.0.0.8"


def test_auto_without_a_cluster_is_refused():
    assert "found neither" in problems("auto", None, None)[0]


def test_everything_that_is_missing_is_said_at_once():
    rank, coordinator = problems("2", None, None)
    assert "expects --node-rank" in rank and "expects --coordinator" in coordinator


def test_everything_that_is_wrong_is_said_at_once():
    nodes, coordinator = problems("two", 1, "node a")
    assert "'two'" in nodes and "'node a'" in coordinator
    coordinator, rank = problems("2", 2, "node-a:99999")
    assert "node-a:99999" in coordinator and "0 to 1, found 2" in rank


@pytest.mark.parametrize("nodes", ["0", "-1", "1.5", ""])
def test_a_wrong_number_of_machines_is_refused(nodes):
    assert "--nodes expects" in problems(nodes, None, None)[0]


@pytest.mark.parametrize("coordinator", ["", ":80", "node-a:", "node-a:0", "node-a:http", "fd00::1", "http://node-a"])
def test_a_wrong_coordinator_is_refused(coordinator):
    (message,) = problems("2", 0, coordinator)
    assert "HOST or HOST:PORT" in message


def test_a_rank_without_a_number_of_machines_is_refused():
    (message,) = problems(None, 1, None)
    assert "expect --nodes" in message
    (message,) = problems(None, None, "node-a")
    assert "expect --nodes" in message


def test_a_cluster_is_not_contradicted():
    nodes, rank = problems("3", 0, None, **TORCHRUN)
    assert "--nodes is 3, but the cluster says 2" in nodes and "--node-rank is 0, but the cluster says 1" in rank


def test_what_a_cluster_says_is_not_believed_blindly():
    nodes, rank = problems(None, None, None, **TORCHRUN | {"GROUP_WORLD_SIZE": "many", "GROUP_RANK": "-1"})
    assert "GROUP_WORLD_SIZE" in nodes and "GROUP_RANK" in rank
    (coordinator,) = problems("auto", None, None, SLURM_NNODES="2", SLURM_NODEID="0")
    assert "--coordinator" in coordinator

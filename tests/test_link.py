# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The link to a simulated core: it transfers beats unchanged, and its failures are always reported."""

import os
import signal
import time

import numpy as np
import pytest

import macrame.sim.link
from macrame import environment
from macrame.contract import CoreConfig
from macrame.errors import CoreError, InputError, LinkError
from macrame.golden.gemm import gemm, layer
from macrame.host import packets, registers
from macrame.host.core import Core
from macrame.host.link import Beats
from macrame.host.quantize import quantize_multiplier
from macrame.sim import simulate
from macrame.sim.beats import KINDS, Stall, checked_results, pack_beats, parse_results, stall_values
from macrame.sim.link import HARNESS, SimLink


@pytest.fixture(scope="module")
def link():
    with SimLink(CoreConfig(3, 2, 2, k_max=20, post_lanes=1)) as link:
        yield link


@pytest.fixture
def core(link):
    """A core as after power-up, streams unstalled."""
    link.set_stalls(None)
    link.reset()
    return Core(link)


def matrices(seed, m, k, n):
    rng = np.random.default_rng(seed)
    return rng.integers(-128, 128, (m, k), dtype=np.int8), rng.integers(-128, 128, (k, n), dtype=np.int8)


def nothing(width):
    return Beats(np.empty((0, width), np.uint8), np.empty(0, bool), np.empty(0, np.uint8))


def test_the_core_introduces_itself(core):
    assert (core.config.rows, core.config.cols, core.config.depth, core.config.k_max) == (3, 2, 2, 20)
    assert core.config.post_lanes == 1
    assert core.status() == 0


def test_products_and_counters(core, link):
    a, w = matrices(1, 10, 17, 9)
    before = link.clock
    product, report = core.matmul(a, w)
    np.testing.assert_array_equal(product, gemm(a, w))
    assert report.cycles == link.cycles
    assert report.tiles == 4 * 5
    assert link.clock - before >= report.cycles


@pytest.mark.parametrize("kind", KINDS)
def test_stalls_change_the_cycles_and_not_the_product(core, link, kind):
    a, w = matrices(2, 10, 50, 9)
    core.matmul(a, w)
    begun = link.clock
    _, quick = core.matmul(a, w)
    took = link.clock - begun
    link.set_stalls(Stall(kind, chance=0.7, length=2000), seed=3)
    begun = link.clock
    product, report = core.matmul(a, w)
    np.testing.assert_array_equal(product, gemm(a, w))
    assert core.matmul(a, w)[1].cycles == report.cycles, "the same seed must give the same pauses"
    if kind == "none":
        assert report.cycles == quick.cycles
    else:
        assert link.clock - begun > 1.5 * took


def test_progress_is_told_of_long_transfers(core):
    seen = []
    a, w = np.ones((3 * 300, 20), np.int8), np.ones((20, 2 * 12), np.int8)
    core.matmul(a, w, progress=lambda done, total: seen.append((done, total)))
    assert seen
    assert seen == sorted(seen)
    assert {total for _, total in seen} == {3 * 300 * 12}


def test_registers_that_are_none_are_refused(link):
    with pytest.raises(LinkError, match="reading register 0xf0: bus response 2"):
        link.read(0xF0)
    with pytest.raises(LinkError, match="writing register 0x00: bus response 2"):
        link.write(registers.ID, 1)
    link.write(registers.WATCHDOG, 0xDEADBEEF)
    assert link.read(registers.WATCHDOG) == 0xDEADBEEF


def test_a_halt_is_raised_by_name_and_reset(core, link):
    a, w = matrices(3, 3, 8, 2)
    weights = packets.flatten(*packets.weight_panels(w, packets.records(2), 2, 2, 0))
    short = packets.flatten(*packets.activation_panels(a[:, :6], 3, 2, packets.RELEASE))
    assert len(link.transfer(weights, short, 3)) == 0
    with pytest.raises(CoreError, match="k_mismatch"):
        core.check()
    core.soft_reset()
    np.testing.assert_array_equal(core.matmul(a, w)[0], gemm(a, w))


def test_a_tile_that_was_complete_before_a_halt_leaves_whole():
    """However long its requantiser takes for a row: late results would be taken for the next product's."""
    with SimLink(CoreConfig(2, 16, k_max=8, post_lanes=1, post_cycles=34), name="link-slow") as link:
        core = Core(link)
        a, w = matrices(8, 4, 8, 16)
        record = core.records(w, "ruy", scale=0.01)
        weights = packets.flatten(*packets.weight_panels(w, record, 16, 1, packets.MODES["ruy"]))
        good = packets.flatten(*packets.activation_panels(a[:2], 2, 1))
        short = packets.flatten(*packets.activation_panels(a[2:, :4], 2, 1, packets.RELEASE))
        both = Beats(*(np.concatenate([getattr(x, part) for x in (good, short)]) for part in vars(good)))
        assert link.transfer(weights, both, 4).last.tolist() == [False, True]
        with pytest.raises(CoreError, match="k_mismatch"):
            core.check()
        core.soft_reset()
        multiplier, shift = quantize_multiplier(0.01)
        expected = layer(a, w, mode="ruy", multiplier=multiplier, shift=shift)
        np.testing.assert_array_equal(core.matmul(a, w, "ruy", scale=0.01)[0], expected)


def test_beats_that_are_not_taken_are_an_error(core, link):
    a, w = matrices(4, 3, 20, 2)
    weights = packets.flatten(*packets.weight_panels(np.tile(w, (1, 4)), packets.records(8), 2, 2, 0))
    with pytest.raises(LinkError, match=r"no progress: \d+ weight beats and 0 activation beats"):
        link.transfer(weights, nothing(6), 0)
    with pytest.raises(
        LinkError, match=r"an earlier transfer was abandoned"
    ):  # they still wait at the core's input
        link.read(registers.STATUS)
    link.reset()
    np.testing.assert_array_equal(Core(link).matmul(a, w)[0], gemm(a, w))


def test_results_that_do_not_come_are_noticed(core, link):
    a, w = matrices(5, 3, 20, 2)
    weights = packets.flatten(*packets.weight_panels(w, packets.records(2), 2, 2, 0))
    kept = packets.flatten(*packets.activation_panels(a, 3, 2, packets.RELEASE | packets.KEEP))
    assert len(link.transfer(weights, kept, 3)) == 0
    assert core.status() & registers.STATUS_HALTED == 0


def test_one_by_one():
    with SimLink(CoreConfig(1, 1, 1, k_max=1, post_lanes=1)) as link:
        a, w = matrices(6, 3, 5, 2)
        np.testing.assert_array_equal(Core(link).matmul(a, w)[0], gemm(a, w))


def test_waves(tmp_path):
    with SimLink(CoreConfig(1, 1, 1, k_max=4), waves=True, name="link-waves") as link:
        Core(link).matmul(*matrices(7, 2, 2, 2))
    assert link.waves.stat().st_size > 1000


def test_a_dead_simulator_is_an_error_with_its_log():
    link = SimLink(CoreConfig(1, 1, 1, k_max=4))
    folder = link.folder
    os.killpg(link._process.pid, signal.SIGKILL)
    with pytest.raises(
        LinkError, match=r"the simulator ended unexpectedly \(exit status -9\); its log is .*sim.log"
    ):
        link.read(0)
    assert not folder.exists()
    with pytest.raises(LinkError, match="the link is closed"):
        link.read(0)
    link.close()


@pytest.mark.parametrize(("limit", "what"), [("START", "connected within"), ("SILENCE", "answered for")])
def test_a_slow_simulator_is_an_error_with_a_remedy(monkeypatch, limit, what):
    """The message says which factor would have been enough."""
    started = SimLink(CoreConfig(1, 1, 1, k_max=4)) if limit == "SILENCE" else None
    monkeypatch.setattr(macrame.sim.link, f"{limit}_LIMIT", 0)
    message = rf"the simulator has not {what} 0 s; TIME_FACTOR=2 doubles the limit; its log is .*sim.log"
    with pytest.raises(LinkError, match=message):
        started.read(0) if started else SimLink(CoreConfig(1, 1, 1, k_max=4))


def test_closing_leaves_nothing_behind():
    link = SimLink(CoreConfig(1, 1, 1, k_max=4))
    process, folder = link._process, link.folder
    link.close()
    assert process.returncode == 0
    assert not folder.exists()
    link.close()


def test_a_link_that_is_forgotten_kills_its_simulator():
    link = SimLink(CoreConfig(1, 1, 1, k_max=4))
    process = link._process
    del link
    deadline = time.monotonic() + environment.limit(10)
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.returncode is not None


@pytest.mark.parametrize(
    ("shape", "rule"),
    [
        ((33, 1, 1), r"ROWS must be 1 to 32 \(mac_array\)"),
        ((1, 1, 9), r"DEPTH must be 1 to 8 and 1 with BF16 \(macrame\)"),
        ((0, 1, 1), r"ROWS must be 1 to 32 \(mac_array\)"),
    ],
)
def test_a_shape_the_rtl_refuses_is_one_line(shape, rule):
    with pytest.raises(simulate.Failed, match=rule) as caught:
        simulate.build(
            toplevel="core_player",
            sources=[*simulate.core_sources(), *HARNESS],
            parameters=dict(zip(("ROWS", "COLS", "DEPTH"), shape), K_MAX=16, POST_LANES=1),
        )
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(config=(1, 1, 1)), r"config is \(1, 1, 1\), expected a CoreConfig"),
        (dict(seed="x"), "seed is 'x', expected one integer"),
        (dict(seed=-1), "seed has -1, expected 0 to 4294967295"),
        (dict(waves="yes"), "waves is 'yes', expected True or False"),
        (dict(idle_limit=3), "idle_limit is 3, expected 2049 or more"),
        (dict(name="../../x"), r"the run's name is '../../x', expected letters"),
        (dict(name=5), "the run's name is 5, expected letters"),
    ],
)
def test_arguments_of_a_link_are_checked(arguments, message):
    with pytest.raises(InputError, match=message):
        SimLink(**{"config": CoreConfig(1, 1, 1)} | arguments)


def test_an_unknown_argument_of_a_link_is_refused():
    with pytest.raises(TypeError, match="unexpected keyword argument 'simulator'"):
        SimLink(CoreConfig(1, 1, 1), simulator="verilator")


@pytest.mark.thorough
def test_a_link_chooses_its_simulator(monkeypatch):
    monkeypatch.setenv("SIM", "icarus")
    with SimLink(CoreConfig(1, 1, 1, k_max=4), sim="verilator", name="link-sim") as link:
        assert "verilator" in link.log.parts
        one = np.ones((1, 1), np.int8)
        assert Core(link).matmul(one, one)[0] == 1
    assert os.environ["SIM"] == "icarus"
    with pytest.raises(simulate.SetupError, match="^SIM=vcs: expected one of"):
        SimLink(CoreConfig(1, 1, 1), sim="vcs")


@pytest.mark.parametrize(
    "arguments",
    [dict(stalls="sometimes"), dict(stalls={"x": "random"}), dict(stalls=Stall), dict(stalls={"w": 1})],
)
def test_stalls_that_are_none_are_refused_before_anything_starts(arguments):
    with pytest.raises((ValueError, TypeError)):
        SimLink(CoreConfig(1, 1, 1), **arguments)


# --- the files between the two sides ----------------------------------------------------------------------


def test_beats_are_packed_highest_byte_first():
    beats = Beats(
        np.array([[1, 2, 3], [4, 5, 6]], np.uint8), np.array([False, True]), np.array([7, 0], np.uint8)
    )
    assert pack_beats(beats) == bytes([7, 0, 3, 2, 1, 0, 1, 6, 5, 4])


def test_results_are_parsed_lowest_lane_first():
    got = parse_results(b"0807060504030201 ff 0\nxxxxxxxxxxxx0a09 03 1\n", 2)
    assert got.data[0].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert got.data[1, :2].tolist() == [9, 10]
    assert got.last.tolist() == [False, True]
    assert got.keep.tolist() == [[True] * 8, [True] * 2 + [False] * 6]


@pytest.mark.parametrize(
    "text",
    [
        b"080706050403020x ff 0\n",
        b"08070605040302X1 ff 0\n",
        b"0807060504030201 fx 0\n",
        b"0807060504030201 ff x\n",
        b"080706050403020z ff 0\n",
    ],
)
def test_unknown_bits_are_refused(text):
    with pytest.raises(LinkError, match="result beat 1 has unknown bits"):
        parse_results(b"0807060504030201 ff 0\n" + text, 2)


def test_beats_of_another_width_are_refused(link):
    """Before a byte of them is in a file."""
    link.reset()
    with pytest.raises(InputError, match="^activation beats have 5 bytes, expected 6$"):
        link.transfer(
            nothing(4), Beats(np.zeros((1, 5), np.uint8), np.ones(1, bool), np.zeros(1, np.uint8)), 0
        )
    assert not (link.folder / "a.bin").read_bytes()[link._files.sent["a"] * 8 :]
    link.reset()


def test_half_a_line_is_refused():
    with pytest.raises(LinkError, match="expected a multiple of 22"):
        parse_results(b"0807060504030201 ff", 2)


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("unknown", "was unknown"),
        ("rule_broken", "dropped or changed a beat"),
        ("weights_left", "1 weight beat and 0 activation beats not accepted"),
        ("activations_left", "0 weight beats and 1 activation beat not accepted"),
    ],
)
def test_what_the_harness_objects_to_is_raised(flag, message):
    state = dict(unknown=False, rule_broken=False, weights_left=0, activations_left=0, missing=0)
    assert len(checked_results(state, b"", 2)) == 0
    with pytest.raises(LinkError, match=message):
        checked_results(state | {flag: 1}, b"", 2)


@pytest.mark.parametrize(
    "arguments", [("often",), ("random", 1.0), ("random", -0.1), ("bursts", 0.5, 0), ("block", 0.5, 65536)]
)
def test_stalls_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError, match="^stall "):
        Stall(*arguments)


def test_stall_values():
    values = stall_values({"a": Stall("random", 0.25), "m": "block"}, -1)
    assert (values["w_stall"], values["a_stall"], values["m_stall"]) == (0, 1, 3)
    assert values["a_chance"] == 1 << 14
    assert values["stall_seed"] == 0xFFFFFFFF

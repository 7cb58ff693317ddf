# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""vector_unit in the simulator.

What could be wrong here, and which case would show it:
  an operation, a format of x, y or the result        `operations`: all, back to back; X in unused bits
  a bubble between beats or packets, a latency        `operations`: CYCLES, exactly
  beats lost, duplicated, paired wrongly in a stall   `stalls`: every stream alone and together, all kinds
  more results in progress than there is space for    `blocked`: no result is accepted for a long time
  idle while a result waits to be accepted            `pending`
  random words shared, skipped or used by others      `operations` and `stalls`: golden sequence; `seeds`
  an error missed, detected late, or as another       `errors`: each, in the first, second and fourth packet
  a result of a faulty packet, or of a later one      `errors`: no result leaves, whatever is sent
  an input that hangs after an error                  `errors`: both drain
  a reset that leaves state behind                    `soft_resets`, `hard_resets`: in every cycle of a run
  the watchdog does not fire, or fires too early      `missing_y`
  counters that do not add up                         `operations`, `stalls`
"""

import cocotb

from macrame.golden.arith.lfsr32 import Lfsr32
from macrame.golden.vector_unit import OPERATIONS
from tb.lib.kit import Part
from tb.lib.vectors import stride
from tb.models.vector_model import (
    BUSY,
    COMMAND_ILLEGAL,
    CONTROL,
    HALTED,
    IRQ_ENABLE,
    LENGTH_MISMATCH,
    PACKET_EMPTY,
    SEED,
    STOCHASTIC,
    WATCHDOG,
    Y_MISSING,
    Unit,
)

LATENCY = 20
STALLS = (
    ("random", "none", "none"),
    ("none", "random", "none"),
    ("none", "none", "random"),
    ("bursts", "none", "bursts"),
    ("none", "bursts", "none"),
    ("late", "none", "none"),
    ("none", "late", "none"),
    ("none", "none", "late"),
    ("random", "bursts", "random"),
    ("bursts", "random", "bursts"),
)
CLOSED = (0, 1)  # tkeep and tlast of the beat that ends a packet cut off


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def operations(dut):
    """Every operation in every combination of formats, without stalls: exactly one beat per cycle."""
    unit = Unit(dut)
    await unit.start()
    packets = [
        unit.packet(op=op, x_bf16=x, y_bf16=y, out=out)
        for op in OPERATIONS
        for x in (0, 1)
        for y in (0, 1)
        for out in range(4)
    ]
    unit.rng.shuffle(packets)
    unit.send(*packets)
    beats = sum(packet.beats for packet in packets)
    await unit.finish()
    found = await unit.counters()
    if unit.parameter("FIFO_DEPTH") >= 32:
        latency = unit.m.beats[0][0] - unit.x.taken[1][0]
        unit.equal(latency, LATENCY, "cycles from a beat of x to its result")
        unit.equal(
            found,
            {
                "cycles": beats + len(packets) + LATENCY,
                "busy": beats,
                "packets": len(packets),
                "stall_x": 0,
                "stall_y": 0,
                "stall_out": 0,
                "starved": 0,
            },
            "counters",
        )
    else:
        unit.equal((found["busy"], found["packets"]), (beats, len(packets)), "BUSY and PACKETS")
        assert found["stall_out"] > 0, "a small FIFO makes the unit wait"
    await unit.expect_status(0)


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(kinds=STALLS)
async def stalls(dut, kinds):
    """The same results under every kind of pause; in a packet each cycle is counted once."""
    unit = Unit(dut, *kinds)
    inside = []
    unit.parts.append(Part(sample=lambda: inside.append(int(dut.u_vector_control.in_data_q.value))))
    await unit.start()
    for _ in range(3):
        unit.send(*(unit.packet() for _ in range(12)))
        unit.send(*(unit.packet(op=op, beats=9) for op in ("relu", "axpy", "relu", "add")))
    await unit.finish()
    found = await unit.counters()
    waits = sum(found[name] for name in ("busy", "stall_x", "stall_y", "stall_out", "starved"))
    unit.equal(waits, sum(inside), "cycles in packets")
    for name, pause in (("stall_x", kinds[0]), ("stall_y", kinds[1])):
        if unit.parameter("FIFO_DEPTH") >= 32:  # a smaller one makes both wait for the output instead
            assert pause in ("none", "late") or found[name] > 0, found
    if kinds[:2] == ("none", "none"):
        starved = [found[name] for name in ("stall_x", "stall_y", "starved")]
        unit.equal(starved, [0, 0, 0], "stalls of the inputs")
    await unit.expect_status(0)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def blocked(dut):
    """No result is accepted for a thousand cycles: results stay, the inputs wait, nothing is lost."""
    unit = Unit(dut)
    await unit.start()
    unit.m.blocked = True
    unit.send(*(unit.packet(beats=25) for _ in range(5)))
    await unit.step(1000)
    beats = await unit.get(0x24)
    assert not unit.x.empty
    # the FIFO's memory, its output register and the output register of packet_closer
    unit.equal(beats, unit.parameter("FIFO_DEPTH") + 1, "beats computed while no result is taken")
    unit.m.blocked = False
    await unit.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(beats=[1, 2, 9])
async def pending(dut, beats):
    """The unit is busy until its last result has been accepted, and from then on idle."""
    unit = Unit(dut)
    await unit.start()
    await unit.expect_status(0)
    unit.m.blocked = True
    unit.send(unit.packet(op="relu", beats=beats))
    await unit.step(LATENCY + beats + 20)
    await unit.expect_status(BUSY)
    unit.m.blocked = False
    await unit.until(lambda: len(unit.m.beats) == beats - 1, what="all results but one")
    unit.m.blocked = True
    await unit.step(8)
    await unit.expect_status(BUSY)
    unit.m.blocked = False
    await unit.finish()
    await unit.expect_status(0)


def wrong(unit, kind):
    """Beats of x and y with an error in them, the error, and how many results come before it."""
    packet = unit.packet(beats=5, op="sub")
    x, y, results = [packet.record(), *packet.x_data()], packet.y_data(), packet.results(unit.random)
    if kind.startswith("command"):
        x[0] = packet.record(int(kind.removeprefix("command"), 16))
        return x, y, COMMAND_ILLEGAL, []
    if kind == "empty":
        return [packet.record(last=1)], [], PACKET_EMPTY, []
    if kind == "both":
        return [packet.record(0xFF, last=1)], [], PACKET_EMPTY | COMMAND_ILLEGAL, []
    ends = {"x_short": (x[1:], 3), "y_short": (y, 3), "x_one": (x[1:], 1), "y_one": (y, 1)}
    beats, length = ends[kind]
    name = "s_axis_x_tlast" if kind[0] == "x" else "s_axis_y_tlast"
    beats[length - 1][name] = 1
    (x if kind[0] == "x" else y)[length + (kind[0] == "x") :] = []
    return x, y, LENGTH_MISMATCH, results[: length - 1]


async def recover(unit):
    """All input of a halted unit is discarded; after a soft reset it works immediately."""
    before = len(unit.m.beats)
    for _ in range(3):
        packet = unit.packet()
        unit.x.send(packet.record(), *packet.x_data())
        unit.y.send(*unit.packet(op="add").y_data())
    await unit.until(lambda: unit.x.empty and unit.y.empty, what="the end of the input")
    await unit.step(60)
    unit.equal(len(unit.m.beats), before, "results of a halted unit")
    was_open = bool(unit.m.beats) and not unit.m.values[-1][2]
    await unit.soft_reset()
    await unit.step(20)
    if was_open:
        unit.equal(unit.m.values[-1][1:], CLOSED, "the closing beat")
    unit.equal(len(unit.m.beats), before + was_open, "results after the soft reset")
    await unit.expect_status(0)
    unit.forget()
    unit.send(*(unit.packet() for _ in range(4)), unit.packet(out=STOCHASTIC, beats=6))
    await unit.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(
    kind=[
        "command06",
        "command07",
        "command80",
        "commandF7",
        "empty",
        "both",
        "x_short",
        "y_short",
        "x_one",
        "y_one",
    ],
    stalls=[("none", "none", "none"), ("random", "random", "bursts"), ("bursts", "none", "random")],
)
async def errors(dut, kind, stalls):
    """Each error, after none, one and three good packets, with a free output and a slow one."""
    unit = Unit(dut, *stalls)
    await unit.start()
    for good in (0, 1, 3):
        await unit.write(CONTROL, IRQ_ENABLE)
        unit.send(*(unit.packet() for _ in range(good)))
        x, y, error, results = wrong(unit, kind)
        unit.x.send(*x)
        unit.y.send(*y)
        unit.expected += results
        await unit.finish()
        await unit.expect_status(error | HALTED | BUSY)  # the packet is cut off, so it stays open
        unit.equal(unit.read("irq"), 1, "irq")
        await recover(unit)
        unit.equal(unit.read("irq"), 0, "irq after the soft reset")
        unit.forget()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(limit=[1, 30, 0x2AA, 0x555])
async def missing_y(dut, limit):
    """y is missing: an error after x has waited for `limit` cycles, in the first packet or within another."""
    unit = Unit(dut)
    waited = []
    unit.parts.append(Part(sample=lambda: waited.append(int(dut.u_vector_control.waiting_for_y.value))))
    await unit.start()
    await unit.write(WATCHDOG, limit)
    for taken in (0, 2):
        packet = unit.packet(op="add", beats=5)
        unit.y.send(*packet.y_data()[:taken])
        await unit.step(8)
        unit.x.send(packet.record(), *packet.x_data())
        unit.expected += packet.results(unit.random)[:taken]
        waited.clear()
        await unit.finish(quiet=limit + 60)
        unit.equal(sum(waited), limit, "cycles waited")
        await unit.expect_status(Y_MISSING | HALTED | BUSY)
        if taken:  # the rest of y's packet, as the gate expects it after the soft reset
            unit.y.send(*packet.y_data()[taken:])
        await recover(unit)
        unit.forget()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def patience(dut):
    """The watchdog is silent while y comes now and then, while only x or the output waits, and when it is
    off."""
    unit = Unit(dut, y="bursts")
    await unit.start()
    await unit.write(WATCHDOG, 20)  # bursts are shorter
    unit.send(*(unit.packet(op="axpy", beats=20) for _ in range(5)))
    await unit.finish()
    packet = unit.packet(op="mul", beats=9)
    unit.y.send(*packet.y_data())  # x comes late
    await unit.step(100)
    unit.x.send(packet.record(), *packet.x_data())
    unit.expected += packet.results(unit.random)
    await unit.finish()
    unit.m.blocked = True
    unit.send(unit.packet(op="add", beats=unit.parameter("FIFO_DEPTH") + 20))
    await unit.step(300)
    unit.m.blocked = False
    await unit.finish()
    await unit.write(WATCHDOG, 0)
    packet = unit.packet(op="add", beats=2)
    unit.x.send(packet.record(), *packet.x_data())
    await unit.step(500)
    await unit.expect_status(BUSY)
    unit.y.send(*packet.y_data())
    unit.expected += packet.results(unit.random)
    await unit.finish()
    await unit.expect_status(0)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def seeds(dut):
    """The sequence begins with SEED: after a write of it, a soft reset and `rst`; others than stochastic take
    none."""
    unit = Unit(dut)
    await unit.start()
    mixed = [out for out in (3, 0, 3, 1, 2, 3) for _ in range(2)]
    for seed in (1, 0, 0xDEADBEEF):
        if seed != 1:
            await unit.write(SEED, seed)
            unit.random = Lfsr32(seed)
        for soft in (False, True):
            if soft:
                await unit.soft_reset(seed)
            unit.send(*(unit.packet(out=out) for out in mixed))
            await unit.finish()
    unit.drive(rst=1)
    await unit.step()
    unit.drive(rst=0)
    unit.forget()
    unit.random = Lfsr32(1)
    unit.send(*(unit.packet(out=out) for out in mixed))
    await unit.finish()


@cocotb.test(timeout_time=5, timeout_unit="ms")
@cocotb.parametrize(stalls=[("none", "none", "none"), ("random", "random", "random")])
async def soft_resets(dut, stalls):
    """A soft reset in every cycle of a packet: results up to it, one closing beat, the rest discarded."""
    unit = Unit(dut, *stalls)
    taken = {}

    def remember():
        if unit.read("soft_reset"):
            taken.update(x=len(unit.x.taken), y=len(unit.y.taken))

    unit.parts.append(Part(sample=remember))
    await unit.start()
    at, beats, over = 0, 12, 0
    while over < 30:  # and on, until all its results have left
        packet = unit.packet(beats=beats, op="add")
        x, y = [packet.record(), *packet.x_data()], packet.y_data()
        before = len(unit.x.taken), len(unit.y.taken)
        unit.x.send(*x)
        unit.y.send(*y)
        due = packet.results(unit.random)
        await unit.step(at)
        await unit.soft_reset()
        await unit.until(lambda: taken, what="the restart")
        whole = (
            taken["x"] == before[0],
            taken["y"] == before[1],
        )  # nothing is discarded of a packet that has not begun
        if whole[0] and not whole[1]:
            unit.y.send(*y)
        elif whole[1] and not whole[0]:
            unit.x.send(*x)
        await unit.until(lambda: unit.x.empty and unit.y.empty, what="the end of the packet")
        await unit.step(60)
        results = list(unit.m.values)
        if any(whole):
            again = packet.results(unit.random)
            results, of_twin = results[: -len(again)], results[-len(again) :]
            unit.equal(of_twin, again, f"results of a packet after a reset in {at}")
        closed = bool(results) and results[-1][1:] == CLOSED
        results = results[: len(results) - closed]
        unit.equal(results, due[: len(results)], f"results before a reset in cycle {at}")
        unit.equal(closed, 0 < len(results) < len(due), f"a closing beat after {len(results)} results")
        await unit.expect_status(0)
        unit.forget()
        unit.send(unit.packet(beats=2), unit.packet(out=STOCHASTIC))
        await unit.finish(quiet=30)
        unit.forget()
        over += taken["x"] - before[0] == beats + 1
        taken.clear()
        at += stride(8)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def hard_resets(dut):
    """`rst` in every cycle of a packet: everything is cleared, and the next packet is the first."""
    unit = Unit(dut)
    await unit.start()
    for at in range(0, 45, stride(8)):
        unit.send(unit.packet(beats=12, op="axpy"))
        await unit.step(at)
        for stream in (unit.x, unit.y):
            stream.clear()
        unit.drive(rst=1)
        await unit.step(1 + at % 2)
        unit.drive(rst=0)
        unit.m.forget()
        unit.forget()
        unit.random = Lfsr32(1)
        unit.send(unit.packet(beats=3), unit.packet(out=STOCHASTIC))
        await unit.finish(quiet=30)
        await unit.expect_status(0)
        unit.forget()

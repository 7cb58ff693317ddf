# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""elementwise_unit in the simulator.

What could be wrong here, and which case would show it:
  an operation, a table, an entry's bytes, a parameter `operations`: all, back to back; X in unused bits
  a parameter of the next packet's record              `operations`: packets of one beat, another scaling each
  a bubble between beats or packets, a latency         `operations`: the cycle model, exactly
  tkeep of another beat, or of one that is not last    `operations`: any length of the last beat, X elsewhere
  beats lost, duplicated, paired wrongly in a stall    `stalls`: every stream alone and together, all kinds
  more results in progress than there is space for     `blocked`: no result is accepted for a long time
  an entry of the table before, or of the other one    `tables`: loads of either kind between operations
  idle while a result waits to be accepted             `pending`
  an error missed, detected late, or as another        `errors`: each, after none, one and three good packets
  a result of a faulty packet, or of a later one       `errors`: no result leaves, whatever is sent
  an input that hangs after an error                   `errors`: both drain
  a reset that leaves state behind                     `soft_resets`, `hard_resets`: in every cycle of a run
  a load truncated by a reset that leaves bytes behind `reset_loads`
  the watchdog does not fire, or fires too early       `missing_y`, `patience`
  counters that do not add up                          `operations`, `stalls`
  an unforeseen order of events                        `fuzz`: random packets, right and wrong, stalls, resets
"""

import cocotb

from macrame.golden.elementwise import OPERATIONS, predict
from tb.lib.axis import PAUSES
from tb.lib.kit import Part
from tb.lib.vectors import share, stride
from tb.models.elementwise_model import (
    BUSY,
    COMMAND_ILLEGAL,
    HALTED,
    LENGTH_MISMATCH,
    RECORD_SHORT,
    TABLE_LENGTH,
    Y_MISSING,
    Beat,
    Unit,
)
from tb.models.vector_model import CONTROL, IRQ_ENABLE, STATUS, WATCHDOG

LATENCY = 18
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


async def loaded(unit):
    """Start the unit, and load both tables, in few beats."""
    await unit.start()
    unit.send(unit.loading(short=True))


def length(unit, packet):
    """Command and data beats, for the cycle model."""
    return packet.command, len(packet.x_data)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def operations(dut):
    """Every operation without stalls, in packets of 1 beat and more: in exactly the cycles of the model."""
    unit = Unit(dut)
    await unit.start()
    packets = [unit.loading()]
    unit.send(*packets)
    for _ in range(60):
        packets.append(unit.packet(beats=1 if unit.rng.random() < 0.5 else None))
        unit.send(packets[-1])
    lanes, depth = unit.lanes, unit.parameter("FIFO_DEPTH")
    await unit.finish()
    found = await unit.counters()
    model = predict(lanes, depth, [length(unit, packet) for packet in packets])
    unit.equal(
        found,
        {
            "cycles": model.cycles,
            "busy": model.busy,
            "packets": model.packets,
            "stall_x": 0,
            "stall_y": 0,
            "stall_out": model.stall_out,
            "starved": 0,
        },
        "counters",
    )
    if depth >= 32:
        unit.equal(found["stall_out"], 0, "waits for a place")
        at = len(packets[0].beats()[0]) + len(packets[1].record())
        unit.equal(unit.m.beats[0][0] - unit.x.taken[at][0], LATENCY, "cycles from a beat of x to its result")
    elif depth == 2:
        assert found["stall_out"] > 0, "the smallest FIFO makes the unit wait"
    await unit.expect_status(0)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def tables(dut):
    """Loads of both tables and of A alone, whole and short entries, and operations right after them."""
    unit = Unit(dut, m="random")
    await loaded(unit)
    for command in ("load", "load_a"):
        for short in (True, False):
            unit.send(unit.loading(command, short))
            for op in OPERATIONS:
                unit.send(unit.packet(op, beats=3))
    await unit.finish()
    await unit.expect_status(0)


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(kinds=STALLS)
async def stalls(dut, kinds):
    """The same results under every kind of pause; in a packet each cycle is counted once."""
    unit = Unit(dut, *kinds)
    inside = []
    unit.parts.append(Part(sample=lambda: inside.append(int(dut.u_elementwise_control.in_data_q.value))))
    await loaded(unit)
    for _ in range(3):
        unit.send(*(unit.packet() for _ in range(12)))
        unit.send(*(unit.packet(op, beats=9) for op in ("table", "mul", "table", "add")))
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
    await loaded(unit)
    await unit.finish()
    table = await unit.get(0x24)
    unit.m.blocked = True
    unit.send(*(unit.packet(beats=25) for _ in range(5)))
    await unit.step(1000)
    beats = await unit.get(0x24) - table
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
    await loaded(unit)
    await unit.finish()
    await unit.expect_status(0)
    before = len(unit.m.beats)
    unit.m.blocked = True
    unit.send(unit.packet(beats=beats))
    await unit.step(LATENCY + beats + 20)
    await unit.expect_status(BUSY)
    unit.m.blocked = False
    await unit.until(lambda: len(unit.m.beats) == before + beats - 1, what="all results but one")
    unit.m.blocked = True
    await unit.step(8)
    await unit.expect_status(BUSY)
    unit.m.blocked = False
    await unit.finish()
    await unit.expect_status(0)


def wrong(unit, kind):
    """Beats of x and y with an error in them, and the error."""
    packet = unit.packet("mul", beats=5)
    x, y = packet.beats()
    records = len(packet.record())
    if kind.startswith("command"):
        x[:records] = packet.record(int(kind.removeprefix("command"), 16))
        return x, y, COMMAND_ILLEGAL
    if kind in ("cut_first", "cut_last"):
        at = 0 if kind == "cut_first" else records - 1
        x[at].last = 1
        return x[: at + 1], [], RECORD_SHORT
    if kind.startswith("load"):
        x, y = unit.loading(short=True).beats()
        if kind == "load_less":
            del x[-1], y[-1]
            x[-1].last = y[-1].last = 1
        elif kind == "load_more":
            x[-1].last = y[-1].last = 0
            x.append(Beat(bytes(unit.lanes), 1))
            y.append(Beat(bytes(unit.lanes), 1))
        else:  # load_both: y ends before x, which ends before the table does
            del x[-3:], y[-5:]
            x[-1].last = y[-1].last = 1
            return x, y, LENGTH_MISMATCH
        return x, y, TABLE_LENGTH
    stream, count = {"x_short": (x, 3), "y_short": (y, 3), "x_one": (x, 1), "y_one": (y, 1)}[kind]
    at = count - 1 + (records if stream is x else 0)
    stream[at].last = 1
    stream[at].keep = 1
    del stream[at + 1 :]
    return x, y, LENGTH_MISMATCH


async def recover(unit):
    """All input of a halted unit is discarded; after a soft reset it works immediately."""
    before = len(unit.m.beats)
    for _ in range(3):
        x, y = unit.packet("add").beats()
        unit.x.send(*(beat.drive("x") for beat in x))
        unit.y.send(*(beat.drive("y") for beat in y))
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
    unit.send(*(unit.packet() for _ in range(4)))  # with the tables as they are
    await unit.finish()


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(
    kind=[
        "command07",
        "command0F",
        "command10",
        "command80",
        "cut_first",
        "cut_last",
        "load_less",
        "load_more",
        "load_both",
        "x_short",
        "y_short",
        "x_one",
        "y_one",
    ],
    stalls=[("none", "none", "none"), ("bursts", "random", "random")],
)
async def errors(dut, kind, stalls):
    """Each error, after none, one and three good packets, with a free output and a slow one."""
    unit = Unit(dut, *stalls)
    await loaded(unit)
    for good in (0, 1, 3):
        await unit.write(CONTROL, IRQ_ENABLE)
        unit.send(*(unit.packet() for _ in range(good)))
        x, y, error = wrong(unit, kind)
        unit.equal(unit.send_beats(x, y), error, "the model's error")
        await unit.finish()
        await unit.expect_status(error | HALTED | BUSY)  # the packet is cut off, so it stays open
        unit.equal(unit.read("irq"), 1, "irq")
        await recover(unit)
        unit.equal(unit.read("irq"), 0, "irq after the soft reset")
        unit.forget()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(limit=[1, 30, 200])
async def missing_y(dut, limit):
    """y is missing: an error after x has waited for `limit` cycles, in the first packet or within another."""
    unit = Unit(dut)
    waited = []
    unit.parts.append(Part(sample=lambda: waited.append(int(dut.u_elementwise_control.waiting_for_y.value))))
    await loaded(unit)
    await unit.finish()
    await unit.write(WATCHDOG, limit)
    for taken in (0, 2):
        x, y = unit.packet("add", beats=5).beats()
        unit.y.send(*(beat.drive("y") for beat in y[:taken]))
        await unit.step(8)
        unit.x.send(*(beat.drive("x") for beat in x))
        unit.expected += unit.streams.read(x, y)[0][:taken]
        waited.clear()
        await unit.finish(quiet=limit + 60)
        unit.equal(sum(waited), limit, "cycles waited")
        await unit.expect_status(Y_MISSING | HALTED | BUSY)
        if taken:  # the rest of y's packet, as the gate expects it after the soft reset
            unit.y.send(*(beat.drive("y") for beat in y[taken:]))
        await recover(unit)
        unit.forget()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def patience(dut):
    """The watchdog is silent while y comes now and then, while only x or the output waits, and when it is
    off."""
    unit = Unit(dut, y="bursts")
    await loaded(unit)
    await unit.write(WATCHDOG, 20)  # bursts are shorter
    unit.send(*(unit.packet("maximum", beats=20) for _ in range(5)))
    await unit.finish()
    x, y = unit.packet("mul", beats=9).beats()
    unit.y.send(*(beat.drive("y") for beat in y))  # x comes late
    await unit.step(100)
    unit.x.send(*(beat.drive("x") for beat in x))
    unit.expected += unit.streams.read(x, y)[0]
    await unit.finish()
    unit.m.blocked = True
    unit.send(unit.packet("add", beats=unit.parameter("FIFO_DEPTH") + 20))
    await unit.step(300)
    unit.m.blocked = False
    await unit.finish()
    await unit.write(WATCHDOG, 0)
    x, y = unit.packet("add", beats=2).beats()
    unit.x.send(*(beat.drive("x") for beat in x))
    await unit.step(500)
    await unit.expect_status(BUSY)
    unit.y.send(*(beat.drive("y") for beat in y))
    unit.expected += unit.streams.read(x, y)[0]
    await unit.finish()
    await unit.expect_status(0)


def watch_reset(unit, taken):
    """Note what of x and y was taken when a soft reset begins."""

    def remember():
        if unit.read("soft_reset"):
            taken.update(x=len(unit.x.taken), y=len(unit.y.taken))

    unit.parts.append(Part(sample=remember))


@cocotb.test(timeout_time=5, timeout_unit="ms")
@cocotb.parametrize(stalls=[("none", "none", "none"), ("random", "random", "random")])
async def soft_resets(dut, stalls):
    """A soft reset in every cycle of a packet: results up to it, one closing beat, the rest discarded."""
    unit = Unit(dut, *stalls)
    taken = {}
    watch_reset(unit, taken)
    await loaded(unit)
    await unit.finish()
    at, beats, over = 0, 12, 0
    while over < 30:  # and on, until all its results have left
        x, y = unit.packet("add", beats=beats).beats()
        before = len(unit.x.taken), len(unit.y.taken)
        due = unit.streams.read(x, y)[0]
        unit.x.send(*(beat.drive("x") for beat in x))
        unit.y.send(*(beat.drive("y") for beat in y))
        await unit.step(at)
        await unit.soft_reset()
        await unit.until(lambda: taken, what="the restart")
        # nothing is discarded of a packet that has not begun
        whole = taken["x"] == before[0], taken["y"] == before[1]
        if whole[0] and not whole[1]:
            unit.y.send(*(beat.drive("y") for beat in y))
        elif whole[1] and not whole[0]:
            unit.x.send(*(beat.drive("x") for beat in x))
        await unit.until(lambda: unit.x.empty and unit.y.empty, what="the end of the packet")
        await unit.step(60)
        results = list(unit.m.values)
        if any(whole):
            results, of_twin = results[: -len(due)], results[-len(due) :]
            unit.equal(of_twin, due, f"results of a packet after a reset in {at}")
        closed = bool(results) and results[-1][1:] == CLOSED
        results = results[: len(results) - closed]
        unit.equal(results, due[: len(results)], f"results before a reset in cycle {at}")
        unit.equal(closed, 0 < len(results) < len(due), f"a closing beat after {len(results)} results")
        await unit.expect_status(0)
        unit.forget()
        unit.send(unit.packet("mul", beats=2), unit.packet("table"))
        await unit.finish(quiet=30)
        unit.forget()
        over += taken["x"] - before[0] == len(x)
        taken.clear()
        at += stride(8)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def hard_resets(dut):
    """`rst` in every cycle of a packet: all is cleared but the tables, and the next packet is the first."""
    unit = Unit(dut)
    await loaded(unit)
    await unit.finish()
    for at in range(0, 50, stride(8)):
        unit.send(unit.packet("mul", beats=12))
        await unit.step(at)
        for stream in (unit.x, unit.y):
            stream.clear()
        unit.drive(rst=1)
        await unit.step(1 + at % 2)
        unit.drive(rst=0)
        unit.m.forget()
        unit.forget()
        unit.send(unit.packet("add", beats=3), unit.packet("minimum"))
        await unit.finish(quiet=30)
        await unit.expect_status(0)
        unit.forget()


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def reset_loads(dut):
    """A soft reset within a load, after any beat of an entry: the next load is whole."""
    unit = Unit(dut)
    await loaded(unit)
    await unit.finish()
    for at in range(20, 26):
        x, y = unit.loading().beats()
        unit.x.send(*(beat.drive("x") for beat in x))
        unit.y.send(*(beat.drive("y") for beat in y))
        await unit.step(at)
        await unit.soft_reset()
        await unit.until(lambda: unit.x.empty and unit.y.empty, what="the end of the load")
        unit.send(unit.loading(short=at % 2 == 1), *(unit.packet(op, beats=20) for op in OPERATIONS))
        await unit.finish(quiet=30)
        await unit.expect_status(0)
        unit.forget()


def random_beats(unit):
    """A packet that may be wrong: beats of x and y, and which error they were given, if any."""
    rng = unit.rng
    if rng.random() < 0.07:
        packet = unit.loading(str(rng.choice(["load", "load_a"])), rng.random() < 0.8)
    else:
        packet = unit.packet()
    x, y = packet.beats()
    if rng.random() < 0.25:
        mistake = rng.choice(["command", "drop", "double", "last", "cut", "swap"])
        stream = x if not y or rng.random() < 0.7 else y
        at = int(rng.integers(len(stream)))
        if mistake == "command":
            x[: len(packet.record())] = packet.record(int(rng.integers(256)))
        elif mistake == "drop" and len(stream) > 1 and at < len(stream) - 1:
            del stream[at]
        elif mistake == "double" and at < len(stream) - 1:
            stream.insert(at, stream[at])
        elif mistake == "last":
            stream[at] = Beat(stream[at].data, 1, 1)
            del stream[at + 1 :]
        elif mistake == "cut" and y:
            del y[int(rng.integers(len(y))) :]
            if y:
                y[-1] = Beat(y[-1].data, 1)
        elif mistake == "swap" and len(x) > 1:
            x[0], x[1] = x[1], x[0]
    for stream in (x, y):  # what is unused elsewhere may be used now
        for n, beat in enumerate(stream):
            keep = beat.keep if beat.keep is not None else int(rng.integers(1, 1 << unit.lanes))
            stream[n] = Beat(beat.data, beat.last, keep)
    return x, y


async def settled(unit):
    """Step until no beat has moved for longer than any pause."""
    before = None
    while before != (now := [len(unit.x.taken), len(unit.y.taken), len(unit.m.beats)]):
        before = now
        await unit.step(100)


@cocotb.test(timeout_time=30, timeout_unit="ms")
@cocotb.parametrize(part=range(2))
async def fuzz(dut, part):
    """Random sequences of packets, right and wrong: the results and the error of the model, and no others."""
    kinds = [str(kind) for kind in Unit(dut).rng.choice(PAUSES, 3)] if part else ["none"] * 3
    unit = Unit(dut, *kinds)
    await loaded(unit)
    await unit.finish()
    unit.forget()
    found = {}
    for _ in range(share(40, of=2)):
        x, y = [], []
        for _ in range(int(unit.rng.integers(1, 6))):
            more = random_beats(unit)
            x += more[0]
            y += more[1]
        error = unit.send_beats(x, y)
        found[error] = found.get(error, 0) + 1
        await settled(unit)
        unit.compare()
        unit.equal(len(unit.m.beats), len(unit.expected), "results")
        if error:
            assert unit.x.empty, "x does not drain"
            assert unit.y.empty, "y does not drain"
            await unit.expect_status(error | HALTED | BUSY)
            was_open = bool(unit.m.beats) and not unit.m.values[-1][2]
            await unit.soft_reset()
            await unit.step(20)
            unit.equal(len(unit.m.beats), len(unit.expected) + was_open, "beats after the soft reset")
        else:  # one stream may wait for the other, which is no error
            unit.equal(await unit.get(STATUS) & ~BUSY, 0, "STATUS but for busy")
            unit.drive(rst=1)
            for stream in (unit.x, unit.y):
                stream.clear()
            await unit.step()
            unit.drive(rst=0)
            unit.m.forget()
        unit.forget()
    unit.dut._log.info("sequences by error: %s", found)
    assert found.get(0, 0) > 5, found
    assert len(found) > 2, found

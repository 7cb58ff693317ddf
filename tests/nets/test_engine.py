# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Programs of the engine, run by its golden model, which knows no network, give what the operators give."""

import re
from pathlib import Path

import numpy as np
import pytest

from macrame.contract import CoreConfig
from macrame.errors import InputError
from macrame.golden import engine
from macrame.host import engine_program
from macrame.nets import digits, operators, tflite
from macrame.nets.engine import memory
from macrame.nets.engine.compile import compile_graph, inputs_of
from tb.lib.catalogue import run
from tb.models import engine_model
from tests import cases as catalogue
from tests.nets import cases, engine_cases, small

CONFIGS = [CoreConfig(1, 8, 8), CoreConfig(1, 4, 4, k_max=24, post_lanes=4), CoreConfig(1, 2, 2, k_max=8)]
STORED = Path(__file__).parents[1] / "oracles" / "digits.npz"


def machine(program, inputs, more=5):
    """An engine with the inputs of a program in its memory."""
    config = program.config
    one = engine.Engine(program.words + more, config.depth, config.k_max // config.depth)
    for tensor, values in inputs_of(program, inputs).items():
        base, words = program.places[tensor].base, program.load(tensor, values)
        one.memory[base : base + len(words)] = words
    return one


def values_of(graph, inputs):
    """Every tensor of a graph, by the formulas of the operators."""
    values = {i: t.data for i, t in enumerate(graph.tensors) if t.data is not None}
    values.update(zip(graph.inputs, inputs))
    operators.evaluate_all(graph, graph.ops, values)
    return values


def compare(graph, inputs, config, expected=None, **options):
    """Run a network's program, and compare each tensor when its step is done."""
    program = compile_graph(graph, config, **options)
    expected = values_of(graph, inputs) if expected is None else expected
    one = machine(program, inputs)
    jobs = one.run(program.image)
    for step in program.steps:
        for _ in step.jobs:
            next(jobs)
        for tensor in graph.ops[step.ops[-1]].outputs:
            found = program.values(tensor, one.memory)
            name = f"{graph.ops[step.ops[-1]].name} of {config}"
            np.testing.assert_array_equal(found.reshape(expected[tensor].shape), expected[tensor], name)
    assert list(jobs) == []
    return program


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_every_operator(config):
    seen = set()
    for source in (cases.weighted(12), cases.pools(10), cases.unary(1), cases.pairs(1)):
        for _, graph, inputs in source:
            if graph.ops[0].kind == "dequantize" or graph.tensors[graph.inputs[0]].dtype != np.int8:
                continue
            compare(graph, inputs, config)
            seen.add(graph.ops[0].kind)
    assert {"conv", "depthwise", "fully_connected", "average_pool", "max_pool", "mean", "mul", "tanh"} <= seen


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_small_networks(config):
    """Each gives its tensors, or is rejected in a line that names its operator."""
    rejected = set()
    for name, graph in small.SMALL.items():
        rng = np.random.default_rng(1)
        inputs = []
        for i in graph.inputs:
            tensor = graph.tensors[i]
            values = rng.integers(-128, 128, tensor.shape)
            inputs.append((values / 8 if tensor.dtype == np.float32 else values).astype(tensor.dtype))
        try:
            compile_graph(graph, config)
        except InputError as error:
            rejected.add((name, str(error).split(": ")[0]))
        else:
            compare(graph, inputs, config)
    assert {named for _, named in rejected} <= {"y", "y0", "small"}
    rejected = {name for name, _ in rejected}
    ran = set(small.SMALL) - rejected
    assert {"whole", "pad", "pad with a value", "maximum", "conv grouped", "mean keeps axes"} <= ran
    assert {"transpose", "add broadcasts", "split", "conv batch", "requantize to uint8"} <= rejected


@pytest.mark.parametrize("first", range(0, 24, 6))
def test_random_networks(first):
    for number in range(first, first + 6):
        graph, x = engine_cases.network(number)
        compare(graph, [x], CONFIGS[number % 3], fuse=number % 2 == 0)


@pytest.mark.nightly
@pytest.mark.parametrize("first", range(24, 1024, 50))
def test_more_random_networks(first):
    for number in range(first, first + 50):
        graph, x = engine_cases.network(number)
        compare(graph, [x], CONFIGS[number % 3], fuse=number % 2 == 0)


@pytest.mark.parametrize("fuse", [True, False])
def test_pairs_and_a_sum(fuse):
    """Every depthwise convolution of stride 1 reads pairs; the product before the sum is fused with it."""
    graph = engine_cases.separable()
    x = np.random.default_rng(2).integers(-128, 128, graph.tensors[0].shape).astype(np.int8)
    program = compare(graph, [x], CONFIGS[0], fuse=fuse)
    kinds = {graph.tensors[t].name: at.layout.kind for t, at in program.places.items()}
    assert sorted(kinds.values()).count("pairs") == 2, kinds
    assert len(program.steps) == (7 if fuse else 8)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_digits(config):
    """Every tensor equals TFLite Micro's stored ones."""
    graph = tflite.read(digits.MODEL)
    images, _ = digits.held_out()
    with np.load(STORED) as stored:
        for number in range(2 if config == CONFIGS[0] else 1):
            expected = {op.outputs[0]: stored[f"t{graph.output(op).number}"][number] for op in graph.ops}
            for fuse in (False, True):
                program = compare(graph, [images[number]], config, expected, fuse=fuse)
    assert [graph.ops[i].kind for i in program.after] == ["softmax"]


# --- on the RTL ---------------------------------------------------------------------------------------------


def simulated(case, seed, program, inputs, words, tmp_path):
    """The memory after a program on the RTL, and its cycles, which the bench compares with the model's."""
    one = machine(program, inputs, words - program.words)
    np.savez(tmp_path / "program.npz", program=np.frombuffer(program.image, np.uint8), memory=one.memory)
    run(
        case,
        seed=seed,
        plusargs=[f"+program={tmp_path / 'program.npz'}"],
        env={"ENGINE_RESULT": str(tmp_path / "result.npz")},
    )
    with np.load(tmp_path / "result.npz") as result:
        return result["memory"], int(result["cycles"])


@pytest.mark.thorough
@pytest.mark.parametrize("case", catalogue.cases("engine_network"))
def test_digits_on_the_rtl(case, seed, tmp_path):
    """The whole network from one program: scores of TFLite Micro."""
    graph = tflite.read(digits.MODEL)
    program = compile_graph(graph, CoreConfig(1, 8, 8, post_lanes=8))
    memory, cycles = simulated(case, seed, program, [digits.held_out()[0][0]], 256, tmp_path)
    (scores,) = program.outputs
    with np.load(STORED) as stored:
        expected = stored[f"t{graph.tensors[scores].number}"][0]
    np.testing.assert_array_equal(program.values(scores, memory), expected)
    assert cycles == 1550


# --- the image ----------------------------------------------------------------------------------------------


def test_golden_and_host_agree_on_the_format():
    names = engine.DESCRIPTOR.names
    assert names == engine_program.DESCRIPTOR.names
    assert [engine.DESCRIPTOR.fields[n] for n in names] == [
        engine_program.DESCRIPTOR.fields[n] for n in names
    ]
    data = np.random.default_rng(1).integers(0, 256, 4 * 70).astype(np.uint8)
    assert engine.checksum(data) == engine_program.checksum(data)
    assert engine.checksum(data) != engine.checksum(np.roll(data, 4))


def test_golden_reads_the_rows_and_columns_that_the_bench_expects():
    rng, words, outside = np.random.default_rng(7), 61, 0
    rest = {"kind": 2, "mode": 1, "record": [0] * 9, "target": 0, "target_step": [0] * 3, "target_split": 0}
    for _ in range(200):
        job = {**engine_model.draw_source(rng, words), **rest, "second": 0, "second_step": [0] * 3}
        item = np.frombuffer(bytes(engine_model.descriptor(job)), np.uint8).view(engine.DESCRIPTOR)[0]
        _, addresses = engine.Engine(words, 2, 8)._windows(item)
        expected = [-1 if beyond else at for at, beyond, *_ in engine_model.slices(job, words)]
        assert addresses.reshape(-1).tolist() == expected
        outside += job["height"] == 65535 and -1 in expected
    assert outside > 10


@pytest.mark.parametrize(
    ("image", "start", "kernel", "message"),
    [
        ((65535, 1), (-2, 0), (1, 1, 1), "rows -2 to -2 of an image with 65,535: expected -1 to 65,535"),
        ((1, 65534), (0, -2), (1, 3, 1), None),
        (
            (1, 9),
            (0, 65534),
            (1, 3, 1),
            "columns 65,534 to 65,536 of an image with 9: expected -65,527 to 65,535",
        ),
    ],
)
def test_images_with_padding_have_at_most_65536_rows_and_columns(image, start, kernel, message):
    source = engine_program.Source(0, kernel, image=image, start=start, moves=((1, 0), (1, 0)))
    job = engine_program.Job((1, 1, 1), source, engine_program.Place(0))
    if message is None:
        engine_program.descriptor(job)
        return
    with pytest.raises(InputError, match=f"^{message}$"):
        engine_program.descriptor(job)


def test_the_document_has_the_same_fields():
    text = (Path(__file__).parents[2] / "docs" / "engine.md").read_text()
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| (?:(\d) )?([iu])(\d+) \|", text, re.M)
    fields = [
        (int(at), name, np.dtype((f"<{kind}{int(bits) // 8}", int(count) if count else ())))
        for at, name, count, kind, bits in rows
    ]
    found = engine.DESCRIPTOR.fields
    assert fields == [(found[name][1], name, found[name][0]) for name in engine.DESCRIPTOR.names]
    flags = re.findall(r"^\| (\d) \| ([A-Z_]+) \|", text, re.M)
    assert [(1 << int(bit), name) for bit, name in flags] == [
        (getattr(engine, name), name) for _, name in flags
    ]
    assert len(flags) == 8
    causes = text.split("| error | cause |")[1].split("\n\n")[0]
    assert re.findall(r"`(\w+)`", causes) == list(engine.ERRORS)


@pytest.fixture(scope="module")
def small_program():
    graph = engine_cases.separable()
    x = np.random.default_rng(3).integers(-128, 128, graph.tensors[0].shape).astype(np.int8)
    return compile_graph(graph, CONFIGS[0]), [x]


def stops(program, inputs, image, **more):
    """The name of the error that ends a program."""
    one = machine(program, inputs, **more)
    with pytest.raises(engine.ProgramError) as error:
        list(one.run(bytes(image)))
    return error.value.name


def test_a_wrong_bit_is_noticed(small_program):
    """Wherever it is, the program does not end without an error."""
    program, inputs = small_program
    rng = np.random.default_rng(4)
    seen = set()
    bits = [*rng.integers(0, 8 * len(program.image), 40), *rng.integers(0, 8 * 256, 40)]
    for bit in bits:
        image = bytearray(program.image)
        image[bit // 8] ^= 1 << bit % 8
        seen.add(stops(program, inputs, image))
    assert {"program_corrupt", "program_illegal"} <= seen
    assert seen <= {*engine.ERRORS, "hazard"}


def test_a_program_cut_off_anywhere_is_short(small_program):
    program, inputs = small_program
    for size in range(0, len(program.image), 64 * 7):
        assert stops(program, inputs, program.image[:size]) == "program_short"
    assert stops(program, inputs, program.image + bytes(64)) == "program_illegal"


def patched(program, job, **fields):
    """The image with other fields in a job's descriptor; the check is corrected."""
    image = np.frombuffer(program.image, np.uint8).copy()
    wanted = engine_program.descriptor([j for step in program.steps for j in step.jobs][job]).tobytes()
    at = program.image.index(wanted)
    view = image[at : at + 128].view(engine_program.DESCRIPTOR)
    for name, value in fields.items():
        view[name] = value
    image[-124:-120] = np.frombuffer(engine_program.checksum(image[:-128]).to_bytes(4, "little"), np.uint8)
    return image.tobytes()


@pytest.mark.parametrize(
    ("job", "fields", "error"),
    [
        (0, {"kind": 6}, "program_illegal"),
        (0, {"kind": 1}, "program_illegal"),
        (0, {"panels": 0}, "program_illegal"),
        (0, {"kernel_words": 0}, "program_illegal"),
        (0, {"chunks": 0}, "program_illegal"),
        (0, {"chunks": 2}, "program_illegal"),
        (0, {"mode": 0}, "program_illegal"),
        (0, {"mode": 4}, "program_illegal"),
        (0, {"chunk_slices": 129}, "program_illegal"),
        (0, {"flags": engine.SPLIT | engine.TURN_COLUMN | engine.TURN_PANEL}, "program_illegal"),
        (0, {"flags": engine.TURN_PANEL}, "program_illegal"),
        (0, {"kernel_rows": 2}, "length_mismatch"),
        (0, {"source": 5000}, "address_range"),
        (0, {"source": -200}, "address_range"),
        (0, {"target": 5000}, "address_range"),
        (0, {"target_split": 5000, "flags": engine.SPLIT}, "address_range"),
        (-1, {"second": 5000}, "address_range"),
        (2, {"flags": engine.SPLIT}, "hazard"),
    ],
    ids=str,
)
def test_errors(small_program, job, fields, error):
    program, inputs = small_program
    flags = engine_program.descriptor([j for step in program.steps for j in step.jobs][job])[1]
    if "flags" in fields and error == "hazard":
        fields = {"flags": int(flags) & ~engine.WAIT}
    assert stops(program, inputs, patched(program, job, **fields)) == error


def test_another_engine_rejects_it(small_program):
    program, inputs = small_program
    assert stops(program, inputs, program.image, more=-1) == "program_illegal"
    one = machine(program, inputs)
    one.slices = 2
    with pytest.raises(engine.ProgramError, match=r"program_illegal: it needs \d+ slices"):
        list(one.run(program.image))
    with pytest.raises(ValueError, match=r"program has 3 bytes, expected a multiple of 64"):
        list(one.run(b"abc"))


# --- what the compiler rejects ------------------------------------------------------------------------------


def test_a_memory_that_is_too_small():
    graph = engine_cases.separable()
    words = compile_graph(graph, CONFIGS[0]).words
    assert compile_graph(graph, CONFIGS[0], words).words == words
    with pytest.raises(
        InputError, match=rf"^\w+: needs {words * 8} bytes of memory, but the engine has {words * 8 - 8}$"
    ):
        compile_graph(graph, CONFIGS[0], words - 1)


def test_a_product_that_the_unit_does_not_compute():
    net = engine_cases.Chain(1, (1, 2, 2, 8))
    y = net.tensor("y", net.shape, scale=1e-30)
    net.op("mul", (net.last, net.last), (y,), activation="none")
    net.last = y
    with pytest.raises(InputError, match=r"^y: mul does not run on the engine: its factor is .* or more$"):
        compile_graph(net.graph(), CONFIGS[0])


@pytest.mark.parametrize("config", [CoreConfig(2, 8, 8), CoreConfig(1, 4, 8), CoreConfig(1, 3, 3)], ids=str)
def test_a_core_of_another_shape(config):
    with pytest.raises(InputError, match=rf"^the engine's core is {config}, expected 1 row"):
        compile_graph(engine_cases.separable(), config)


def test_places_of_buffers():
    """Buffers that live together are apart, and the memory is no larger than it has to be."""
    rng = np.random.default_rng(6)
    for _ in range(50):
        buffers = []
        for _ in range(int(rng.integers(1, 12))):
            first = int(rng.integers(0, 10))
            buffers.append(memory.Buffer(int(rng.integers(1, 40)), first, first + int(rng.integers(0, 4))))
        bases, words = memory.place(buffers)
        used = np.zeros((15, words), int)
        for base, one in zip(bases, buffers):
            used[one.first : one.last + 1, base : base + one.words] += 1
        assert used.max() == 1
        assert words == max(base + one.words for base, one in zip(bases, buffers))
        assert words <= sum(one.words for one in buffers)
    assert memory.place([]) == ([], 0)


def test_places_that_depend_on_the_order():
    """With the largest first the middle one of a chain would lie after both of its neighbours."""
    chain = [memory.Buffer(words, step, step + 1) for step, words in enumerate((460, 230, 230, 461))]
    assert memory.most_alive(chain) == 691
    assert memory.place(chain)[1] == 691

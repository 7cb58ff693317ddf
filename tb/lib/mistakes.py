# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Mistakes that a sender can make on ``s_axis_w`` and ``s_axis_a``: the rows of the table in docs/streams.md.

tests/test_protocol.py compares the table with `MISTAKES`; tb_protocol.py sends each of them. No cocotb here.

Panels have names: ``W1`` and ``W2`` are weight panels, ``A1`` and ``A2`` activation panels, in their intended
order. Results are written as products: "A1 W1, A2 W1" are two tiles, "A1 W1 + A2 W2" is one.
"""

from dataclasses import dataclass

RAW, GEMMLOWP, RUY, BF16, ILLEGAL = 0, 1, 2, 4, 16
RELEASE, KEEP = 1, 2
SLICES = 3  # per panel, unless given


@dataclass(frozen=True)
class Packet:
    """A packet, correct or not.

    Attributes
    ----------
    name : str
        Its first letter names the stream, w or a.
    user : int
        The significant tuser: the mode of a weight panel, the flags of an activation panel.
    slices : int
        Beats of data; a bfloat16 slice of activations is four of them.
    longest : bool
        The maximum length of a panel, plus `slices`.
    record : int or None
        Extra beats in the record of a weight panel; None for no record.
    last : int or None
        Index of the beat with tlast, counted from the end; None for no tlast.
    elsewhere : bool
        tuser is set on all beats except the significant one, where it is 0.
    """

    name: str
    user: int
    slices: int = SLICES
    longest: bool = False
    record: int | None = 0
    last: int | None = -1
    elsewhere: bool = False


@dataclass(frozen=True)
class Mistake:
    """A row of the table.

    Attributes
    ----------
    key : str
        Name of its test.
    text : str
        The first column: what the sender does.
    sent : tuple of tuple of Packet
        Packets in stages; each stage starts when all streams are idle.
    leaves : str
        Tiles that leave the core.
    detected_by : str
        How the host detects it: a bit of STATUS, or another difference from the correct packets.
    intended_tiles : int
        Number of tiles of the correct packets.
    mode : int
        The intended mode, whose tkeep the host expects.
    watchdog : int
        Value of WATCHDOG.
    formats : str
        The only FORMATS it applies to; all if empty.
    """

    key: str
    text: str
    sent: tuple
    leaves: str
    detected_by: str
    intended_tiles: int
    mode: int = RAW
    watchdog: int = 0
    formats: str = ""


def w(number, mode=RAW, **wrong):
    """A weight panel."""
    return Packet(f"W{number}", mode, **wrong)


def a(number, flags=RELEASE, **wrong):
    """An activation panel."""
    return Packet(f"A{number}", flags, **wrong)


NOTHING = "nothing"

MISTAKES = (
    # --- release --------------------------------------------------------------------------------------------
    Mistake(
        "release_forgotten",
        "release is missing; the next weight panel has the same length",
        ((w(1), w(2), a(1, 0), a(2)),),
        "A1 W1, A2 W1",
        NOTHING,
        2,
    ),
    Mistake(
        "release_forgotten_other_length",
        "release is missing; the next weight panel has a different length",
        ((w(1), w(2, slices=SLICES + 1), a(1, 0), a(2, slices=SLICES + 1)),),
        "A1 W1",
        "`k_mismatch`",
        2,
    ),
    Mistake(
        "release_never",
        "release is missing, and three weight panels are sent; WATCHDOG is 0",
        ((w(1), w(2), w(3), a(1, 0), a(2, 0), a(3, 0)),),
        "A1 W1, A2 W1, A3 W1",
        "weights wait",
        3,
    ),
    Mistake(
        "release_forgotten_watchdog",
        "the same, but WATCHDOG is not 0, and the activations end",
        ((w(1), w(2), w(3), a(1, 0), a(2, 0), a(3, 0)),),
        "A1 W1, A2 W1, A3 W1",
        "`panel_stuck`",
        3,
        watchdog=200,
    ),
    Mistake(
        "release_early",
        "release is set before the last use; the next weight panel has the same length",
        ((w(1), w(2), a(1), a(2), a(3)),),
        "A1 W1, A2 W2",
        "`TILES`, activations wait",
        3,
    ),
    Mistake(
        "release_early_other_length",
        "release is set before the last use; the next weight panel has a different length",
        ((w(1), w(2, slices=SLICES - 1), a(1), a(2), a(3, slices=SLICES - 1)),),
        "A1 W1",
        "`k_mismatch`",
        3,
    ),
    # --- keep -----------------------------------------------------------------------------------------------
    Mistake(
        "keep_forgotten",
        "keep is missing on a chunk before the last",
        ((w(1), w(2), a(1), a(2)),),
        "A1 W1, A2 W2",
        "`TILES`",
        1,
    ),
    Mistake(
        "keep_extra",
        "keep is set on the last chunk",
        ((w(1), w(2), a(1, KEEP | RELEASE), a(2)),),
        "A1 W1 + A2 W2",
        "`TILES`",
        2,
    ),
    Mistake(
        "keep_at_the_end",
        "the same, and no panel follows",
        ((w(1), a(1, KEEP | RELEASE)),),
        "",
        "`TILES`, `busy`",
        1,
    ),
    Mistake(
        "keep_without_release",
        "keep is set without release; the weight panel of the next chunk has the same length",
        ((w(1), w(2), a(1, KEEP), a(2)),),
        "A1 W1 + A2 W1",
        NOTHING,
        1,
    ),
    # --- lengths --------------------------------------------------------------------------------------------
    Mistake(
        "a_shorter",
        "an activation panel has fewer slices than its weight panel",
        ((w(1), a(1, slices=SLICES - 1), a(2)),),
        "",
        "`k_mismatch`",
        2,
    ),
    Mistake(
        "a_longer",
        "an activation panel has more slices than its weight panel",
        ((w(1), a(1, slices=SLICES + 1), a(2)),),
        "",
        "`k_mismatch`",
        2,
    ),
    Mistake(
        "both_shorter",
        "both panels are short by the same number of slices",
        ((w(1, slices=SLICES - 1), a(1, slices=SLICES - 1)),),
        "A1 W1",
        NOTHING,
        1,
    ),
    Mistake(
        "w_too_long",
        "a weight panel has more slices than K_MAX allows",
        ((w(1, slices=1, longest=True), a(1, slices=1, longest=True)),),
        "",
        "`w_too_long`",
        1,
    ),
    Mistake(
        "a_too_long",
        "an activation panel has more slices than K_MAX allows; its weight panel does not",
        ((w(1, slices=0, longest=True), a(1, slices=1, longest=True)),),
        "",
        "`a_too_long`",
        1,
    ),
    Mistake(
        "record_cut",
        "tlast is set on a beat of the record",
        ((w(1, slices=0), a(1)),),
        "",
        "`record_short`",
        1,
    ),
    Mistake(
        "record_missing",
        "the record is missing; the panel has at most as many slices as a record has beats",
        ((w(1, record=None), a(1)),),
        "",
        "`record_short`",
        1,
    ),
    Mistake(
        "record_missing_long",
        "the record is missing; the panel has more slices than that",
        ((w(1, slices=0, longest=True, record=None), a(1, slices=0, longest=True)),),
        "",
        "`k_mismatch`",
        1,
    ),
    Mistake(
        "record_beat_missing",
        "the record is one beat short",
        ((w(1, record=-1), a(1)),),
        "",
        "`k_mismatch`",
        1,
    ),
    Mistake(
        "record_beat_extra",
        "the record is one beat too long",
        ((w(1, record=1), a(1)),),
        "",
        "`k_mismatch`",
        1,
    ),
    # --- tlast ----------------------------------------------------------------------------------------------
    Mistake(
        "w_tlast_missing",
        "tlast is missing on a weight panel",
        ((w(1, last=None), w(2), a(1), a(2)),),
        "",
        "`k_mismatch`",
        2,
    ),
    Mistake(
        "w_tlast_missing_no_activations",
        "the same, and K_MAX is exceeded before any activations are sent",
        ((w(1, slices=0, longest=True, last=None), w(2)), (a(1, slices=0, longest=True), a(2))),
        "",
        "`w_too_long`",
        2,
    ),
    Mistake(
        "a_tlast_missing",
        "tlast is missing on an activation panel",
        ((w(1), w(2), a(1, last=None), a(2)),),
        "",
        "`k_mismatch`",
        2,
    ),
    Mistake(
        "w_tlast_early",
        "tlast of a weight panel is set before its last slice",
        ((w(1, last=-2), w(2), a(1), a(2)),),
        "",
        "`k_mismatch`",
        2,
    ),
    Mistake(
        "a_tlast_early",
        "tlast of an activation panel is set before its last slice",
        ((w(1), w(2), a(1, last=-2), a(2)),),
        "",
        "`k_mismatch`",
        2,
    ),
    # --- beats too many -------------------------------------------------------------------------------------
    Mistake(
        "w_stray",
        "an extra beat without tlast is sent between two weight panels",
        ((w(1), w(0, slices=1, record=None, last=None), w(2), a(1), a(2)),),
        "A1 W1",
        "`k_mismatch`",
        2,
    ),
    Mistake(
        "w_stray_last",
        "an extra beat with tlast is sent between two weight panels; tiles that end before it still leave",
        ((w(1), a(1)), (w(0, slices=1, record=None), w(2), a(2))),
        "A1 W1",
        "`record_short`",
        2,
    ),
    Mistake(
        "a_stray",
        "an extra beat without tlast is sent between two activation panels",
        ((w(1), w(2), a(1), a(0, 0, slices=1, last=None), a(2)),),
        "A1 W1",
        "`k_mismatch`",
        2,
    ),
    Mistake(
        "a_stray_last",
        "an extra beat with tlast is sent between two activation panels",
        ((w(1), w(2), a(1), a(0, 0, slices=1), a(2)),),
        "A1 W1",
        "`k_mismatch`",
        2,
    ),
    Mistake(
        "a_stray_panel",
        "the same, with panels of one slice: the extra beat is a panel",
        ((w(1, slices=1), w(2, slices=1), a(1, slices=1), a(0, 0, slices=1), a(2, slices=1)),),
        "A1 W1, A0 W2, A2 W2",
        "`TILES`",
        2,
    ),
    # --- tuser ----------------------------------------------------------------------------------------------
    Mistake(
        "mode_unknown",
        "the mode is not defined",
        ((w(1, ILLEGAL), a(1)),),
        "",
        "`mode_illegal`",
        1,
    ),
    Mistake(
        "mode_bf16",
        'the mode is bfloat16; the core has FORMATS "INT8"',
        ((w(1, BF16), a(1)),),
        "",
        "`mode_illegal`",
        1,
        formats="INT8",
    ),
    Mistake(
        "mode_other",
        "the wrong mode is set: gemmlowp instead of ruy",
        ((w(1, GEMMLOWP), a(1)),),
        "A1 W1",
        NOTHING,
        1,
        mode=RUY,
    ),
    Mistake(
        "mode_raw",
        "the wrong mode is set: raw instead of ruy",
        ((w(1, RAW), a(1)),),
        "A1 W1",
        "tkeep",
        1,
        mode=RUY,
    ),
    Mistake(
        "mode_elsewhere",
        "the mode is set on all beats except the first, where tuser is 0",
        ((w(1, RUY, elsewhere=True), a(1)),),
        "A1 W1",
        "tkeep",
        1,
        mode=RUY,
    ),
    Mistake(
        "flags_elsewhere",
        "release is set on all beats except the last, where tuser is 0",
        ((w(1), w(2), a(1, elsewhere=True), a(2)),),
        "A1 W1, A2 W1",
        NOTHING,
        2,
    ),
    # --- modes and formats ----------------------------------------------------------------------------------
    Mistake(
        "mode_of_chunks",
        "the chunks of a tile have different int8 modes: the last one applies",
        ((w(1, GEMMLOWP), w(2, RUY), a(1, KEEP | RELEASE), a(2)),),
        "A1 W1 + A2 W2",
        NOTHING,
        1,
        mode=GEMMLOWP,
    ),
    Mistake(
        "format_of_chunks",
        "the chunks of a tile have different formats",
        ((w(1), w(2, BF16), a(1, KEEP | RELEASE), a(2, slices=4 * SLICES)),),
        "",
        "`mode_illegal`",
        1,
        formats="DUAL",
    ),
    Mistake(
        "int8_for_bf16",
        "int8 activations are sent for a bfloat16 weight panel with the same number of slices",
        ((w(1, BF16), a(1)),),
        "",
        "`k_mismatch`",
        1,
        formats="DUAL",
    ),
    Mistake(
        "int8_for_bf16_fourfold",
        "int8 activations are sent for a bfloat16 weight panel with a quarter of the slices",
        ((w(1, BF16), a(1, slices=4 * SLICES)),),
        "A1 W1",
        NOTHING,
        1,
        mode=BF16,
        formats="DUAL",
    ),
    # --- order ----------------------------------------------------------------------------------------------
    Mistake(
        "no_weights",
        "activations of more than two slices are sent, but no weights",
        ((a(1),),),
        "",
        "`TILES`, activations wait",
        1,
    ),
    Mistake(
        "order",
        "two weight panels of the same length are swapped",
        ((w(2), w(1), a(1), a(2)),),
        "A1 W2, A2 W1",
        NOTHING,
        2,
    ),
)

# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Matrices from .npy, .npz, .csv and .tsv as programs and people write them.

What could be wrong: a row of numbers taken for a header, a column of them for an index, a decimal comma for a
delimiter or a thousands separator, without a message; a rounded value; a file that makes NumPy or zipfile run
code, allocate the memory of a false header, or raise an exception without a clear message.
"""

import csv
import io
import os
import re
import tracemalloc
import zipfile

import ml_dtypes
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from macrame.errors import InputError
from macrame.files import delimited, npy, parse, read, write
from tests.damaged import PICKLE, saved


def text(data, **options):
    """The table in a text, as numbers of any kind."""
    data = data.encode() if isinstance(data, str) else data
    return delimited.read(data, delimited.Wanted("A=a.csv", "A", "a number", real=True, **options))


def whole(data, **options):
    """The table in a text, as integers."""
    return delimited.read(data.encode(), delimited.Wanted("A=a.csv", "A", "an integer", **options))


# --- unambiguous texts
# ---------------------------------------------------------------------------------------

SQUARE = [[1, 2], [3, 4]]
HEADER, INDEX = "skipped 1 header row", "skipped 1 index column"
BOTH = "skipped 1 header row and 1 index column"

#: Description, text, contents, message to the user.
READ = [
    ("plain", "1,2\n3,4\n", SQUARE, []),
    ("no line end at the end", "1,2\n3,4", SQUARE, []),
    ("CR LF", "1,2\r\n3,4\r\n", SQUARE, []),
    ("CR", "1,2\r3,4\r", SQUARE, []),
    ("blank lines", "\n1,2\n  \n\n3,4\n\n", SQUARE, []),
    ("blanks around numbers", " 1 , 2\n3 ,4 \n", SQUARE, []),
    ("signs", "+1,-2\n-0,+4\n", [[1, -2], [0, 4]], []),
    ("floats", "1.0,2.\n3e0,.4E1\n", SQUARE, []),
    ("np.savetxt", "1.000000000000000000e+00 2.000e+00\n3.000e+00 4.000e+00\n", SQUARE, []),
    ("np.savetxt with a header", "# x y\n1 2\n3 4\n", SQUARE, ["skipped 1 comment"]),
    ("aligned blanks", "  1   2\n  3   4 \n", SQUARE, []),
    ("semicolons", "1;2\n3;4\n", SQUARE, []),
    ("tabs", "1\t2\n3\t4\n", SQUARE, []),
    ("Excel's directive", "sep=;\n1;2\n3;4\n", SQUARE, []),
    ("Excel's directive, bars", "sep=|\n1|2\n3|4\n", SQUARE, []),
    ("one column", "1\n2\n", [[1], [2]], []),
    ("one row", "1,2\n", [[1, 2]], []),
    ("one number", "7", [[7]], []),
    ("quotes", '"1","2"\n"3","4"\n', SQUARE, []),
    ("truth values", "True,FALSE\nfalse,true\n", [[1, 0], [0, 1]], []),
    # decimal commas
    ("decimal commas", "1,5;2\n3;4,25\n", [[1.5, 2], [3, 4.25]], ["read decimal commas"]),
    ("decimal commas and tabs", "1,5\t2\n3\t4,25\n", [[1.5, 2], [3, 4.25]], ["read decimal commas"]),
    ("quoted decimal commas", '"1,5";"2"\n', [[1.5, 2]], ["read decimal commas"]),
    ("three decimals that are proven", "1,500;0,250\n", [[1.5, 0.25]], ["read decimal commas"]),
    ("three decimals after a point", "1.500;2\n-0.250;1\n", [[1.5, 2], [-0.25, 1]], []),
    ("three decimals between commas", "1.500,2.000\n", [[1.5, 2]], []),
    ("three decimals between blanks", "1.500 2.000\n", [[1.5, 2]], []),
    ("commas delimit, whatever they are", "1,5\n2,5\n", [[1, 5], [2, 5]], []),
    # headers
    ("a header", "x,y\n1,2\n3,4\n", SQUARE, [HEADER]),
    ("a header of one", "x\n1\n2\n", [[1], [2]], [HEADER]),
    ("a header called index", "index\n0\n1\n", [[0], [1]], [HEADER]),
    ("a header with umlauts and underscores", "größe_1,β\n1,2\n3,4\n", SQUARE, [HEADER]),
    ("a header with commas in it", '"x, mm";y\n1;2\n3;4\n', SQUARE, [HEADER]),
    ("a header with blanks", "the x,the y\n1,2\n3,4\n", SQUARE, [HEADER]),
    ("a header over lines", '"x\ny",z\n1,2\n3,4\n', SQUARE, [HEADER]),
    ("a header with a # in it", "x,no# of y\n1,2\n3,4\n", SQUARE, [HEADER]),
    ("a header between blanks", "x y\n1 2\n3 4\n", SQUARE, [HEADER]),
    (
        "a header after a comment",
        "# made by\nx,y\n1,2\n3,4\n",
        SQUARE,
        ["skipped 1 header row and 1 comment"],
    ),
    # index columns
    ("pandas", ",0,1\n0,1,2\n1,3,4\n", SQUARE, [BOTH]),
    ("pandas with names", ",x,y\n0,1,2\n1,3,4\n", SQUARE, [BOTH]),
    ("pandas, read and written again", "Unnamed: 0,x,y\n0,1,2\n1,3,4\n", SQUARE, [BOTH]),
    ("pandas, reset_index", "index,x,y\n0,1,2\n1,3,4\n", SQUARE, [BOTH]),
    ("a pandas series", ",0\n0,5\n1,6\n", [[5], [6]], [BOTH]),
    ("pandas with one row", ",0,1\n0,5,6\n", [[5, 6]], [BOTH]),
    (
        "pandas between semicolons",
        ";x;y\n0;1,5;2\n1;3;4\n",
        [[1.5, 2], [3, 4]],
        [BOTH, "read decimal commas"],
    ),
    ("pandas between tabs", "\tx\ty\n0\t1\t2\n1\t3\t4\n", SQUARE, [BOTH]),
    ("R", '"","V1","V2"\n"1",1,2\n"2",3,4\n', SQUARE, [BOTH]),
    ("R with row names", '"","V1","V2"\n"a",1,2\n"b",3,4\n', SQUARE, [BOTH]),
    ("R's write.table", '"V1" "V2"\n"a" 1 2\n"b" 3 4\n', SQUARE, [BOTH]),
    ("a # as the corner", "#,x,y\n0,1,2\n1,3,4\n", SQUARE, [BOTH]),
    ("names under a name", "who,x,y\nann,1,2\nbob,3,4\n", SQUARE, [BOTH]),
    ("names without a header", "ann,1,7\nbob,3,4\n", [[1, 7], [3, 4]], [INDEX]),
    ("one named row", ",x,y\nann,1,2\n", [[1, 2]], [BOTH]),
    # at the ends of rows
    ("trailing commas", "1,2,\n3,4,\n", SQUARE, ["skipped 1 empty last column"]),
    ("trailing semicolons", "1;2;\n3;4;\n", SQUARE, ["skipped 1 empty last column"]),
    ("trailing tabs", "1\t2\t\n3\t4\t\n", SQUARE, ["skipped 1 empty last column"]),
    (
        "empty columns of a sheet",
        "x,y,,\n1,2,,\n3,4,,\n",
        SQUARE,
        ["skipped 1 header row and 2 empty last columns"],
    ),
    (
        "below a shorter header",
        "x,y\n1,2,\n3,4,\n",
        SQUARE,
        ["skipped 1 header row and 1 empty last column"],
    ),
    ("a longer header", "x,y,\n1,2\n3,4\n", SQUARE, [HEADER]),
    # comments
    ("comments", "# a\n1,2 # b\n#3,4\n3,4\n", SQUARE, ["skipped 3 comments"]),
    # what counts and was read
    (
        "a first row that counts",
        "0,1,2\n5,6,7\n",
        [[0, 1, 2], [5, 6, 7]],
        ["read line 1, which counts 0 to 2; if line 1 is a header: HEADER=A:1"],
    ),
    (
        "a first column that counts",
        "x,y\n0,5\n1,6\n2,7\n",
        [[0, 5], [1, 6], [2, 7]],
        [HEADER, "read column 1, which counts 0 to 2; if column 1 is an index: INDEX=A:1"],
    ),
]


@pytest.mark.parametrize(
    ("content", "expected", "notes"), [case[1:] for case in READ], ids=[case[0] for case in READ]
)
def test_what_has_one_reading(content, expected, notes):
    table = text(content)
    np.testing.assert_array_equal(table.values, np.array(expected, float))
    assert table.notes == notes
    if (table.values == np.rint(table.values)).all():
        integers = whole(content)
        assert integers.values.dtype == np.int64
        np.testing.assert_array_equal(integers.values, expected)
        assert (integers.notes, integers.lines, integers.column) == (notes, table.lines, table.column)


def test_a_note_names_the_option_as_the_user_types_it(monkeypatch):
    """HEADER=A:1 is a word of make: `macrame gemm` refuses it."""
    monkeypatch.setenv("MACRAME_REPLAY", "macrame gemm a.csv w.csv")
    rows = "read line 1, which counts 0 to 2; if line 1 is a header: --header A:1"
    columns = "read column 1, which counts 0 to 2; if column 1 is an index: --index A:1"
    assert text("0,1,2\n1,5,6\n2,3,4\n").notes == [rows, columns]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_byte_order_marks(encoding):
    mark = "\ufeff" if encoding[-2:] in ("le", "be") else ""
    assert text(f"{mark}größe;x\r\n1;2\r\n".encode(encoding)).values.tolist() == [[1, 2]]


def test_places_are_those_of_the_file():
    table = text("# a\n\n,x,y\n\n0,5,6\n# b\n1,7,8\n")
    assert (table.lines, table.column) == ([5, 7], 2)
    source = read.Source("A", "a.csv")
    numbers = read.Numbers(source, table.values, False, table.lines, table.column)
    with pytest.raises(InputError, match=r"^A=a.csv: line 7, column 2 is 7.0, expected 6$"):
        numbers.refuse(table.values == 7, "6")


# --- ambiguous texts
# -----------------------------------------------------------------------------------------

#: Description, text, error line, and the contents with the options.
UNCLEAR = [
    (
        "a header or a labelled row",
        "who,0,1\nann,5,6\n",
        "line 1 may be a header or numbers after a name, expected HEADER=A:1 to skip it or HEADER=A:0 to",
        [
            (dict(header=1, index=1), [[5, 6]]),
            (dict(header=0), [[0, 1], [5, 6]]),
            (dict(header=0, index=1), [[0, 1], [5, 6]]),
        ],
    ),
    (
        "a header with numbers in it",
        "0,1,target\n5,6,7\n",
        "line 1, column 3 is 'target', expected an integer; if line 1 is a header: HEADER=A:1",
        [(dict(header=1), [[5, 6, 7]])],
    ),
    (
        "a number misspelt",
        "1,two,3\n5,6,7\n",
        "line 1, column 2 is 'two', expected an integer; if line 1 is a header: HEADER=A:1",
        [(dict(header=1), [[5, 6, 7]])],
    ),
    (
        "names like numbers",
        "1st,2nd\n5,6\n",
        "line 1, column 1 is '1st', expected an integer; if line 1 is a header: HEADER=A:1; if column 1",
        [(dict(header=1), [[5, 6]])],
    ),
    (
        "an index that does not count",
        ",x\n3,5\n7,6\n",
        "line 2, column 1 is '3', which may be part of an index, expected INDEX=A:1 to skip it or INDEX=A:0",
        [(dict(index=1), [[5], [6]]), (dict(index=0), [[3, 5], [7, 6]])],
    ),
    (
        "an index that stops counting",
        "index,x\n0,5\n2,6\n",
        "line 3, column 1 is '2', which may be part of an index, expected INDEX=A:1",
        [(dict(index=1), [[5], [6]]), (dict(index=0), [[0, 5], [2, 6]])],
    ),
    (
        "an index of dates",
        ",x\n2024-01-01,5\n2024-01-02,6\n",
        "line 2, column 1 is '2024-01-01', which may be part of an index, expected INDEX=A:1",
        [(dict(index=1), [[5], [6]])],
    ),
    (
        "a column of decimal commas below a header",
        "x\n1,5\n2,5\n",
        "line 2, column 1 is '1', which may be part of an index, expected INDEX=A:1 to skip it or INDEX=A:0",
        [(dict(index=0), [[1, 5], [2, 5]])],
    ),
    (
        "one labelled row",
        "ann,5,6\n",
        "line 1, column 1 is 'ann', expected an integer; if line 1 is a header: HEADER=A:1; if column 1",
        [(dict(index=1), [[5, 6]])],
    ),
    (
        "a header over one row with a name",
        "x,y\nann,5\n",
        "line 2, column 1 is 'ann', expected an integer; if line 2 is a header: HEADER=A:2; if column 1 is",
        [(dict(index=1), [[5]])],
    ),
    (
        "names that stop",
        "ann,5\nbob,6\n3,7\n",
        "line 3, column 1 is '3', expected a name as in the lines before; if column 1 is an index: INDEX=A:1",
        [(dict(index=1), [[5], [6], [7]])],
    ),
    (
        "two rows of header",
        "x,x\ny,z\n5,6\n",
        "line 2, column 2 is 'z', expected an integer; if line 2 is a header: HEADER=A:2",
        [(dict(header=2), [[5, 6]])],
    ),
    (
        "a title",
        "Made today\nx,y,z\n5,6,7\n",
        "line 2 has 3 columns, expected 1 as in the header in line 1; if line 2 is a header: HEAD",
        [(dict(header=2), [[5, 6, 7]])],
    ),
    (
        "a title of numbers",
        "2024\n5,6\n",
        "line 2 has 2 columns, expected 1 as in the lines before; if line 1 is a header: HEADER=A:1",
        [(dict(header=1), [[5, 6]])],
    ),
    ("two columns of index", "a,b,5\nc,d,6\n", "line 1, column 2 is 'b'", [(dict(index=2), [[5], [6]])]),
    # without a way to read them
    (
        "thousands",
        "1,000;2,000\n",
        "line 1, column 1 is 1,000, with decimals or a thousands separator; expected commas",
        [],
    ),
    (
        "thousands with points",
        "5;1.000\n6;7\n",
        "line 1, column 2 is 1.000, with decimals or a thousands separator;",
        [],
    ),
    ("millions", "1,000,000;2\n", "line 1, column 1 is '1,000,000', expected", []),
    ("thousands in quotes", '"1,000","2"\n', "line 1, column 1 is '1,000', expected", []),
    (
        "both marks",
        "1.0;2\n2,0;3\n",
        "line 1, column 1 is 1.0 and line 2, column 1 is 2,0, expected the same decimal separator, a",
        [],
    ),
    ("both marks in one", "1.000,5;2\n", "line 1, column 1 is '1.000,5', expected", []),
    ("an empty cell", "1,,3\n4,5,6\n", "line 1, column 2 is '', expected", []),
    ("a missing value under a name", "x,y\n1,\n2,\n", "line 2, column 2 is '', expected", []),
    ("a missing value at the end", "1,2\n3,\n", "line 2, column 2 is '', expected", []),
    (
        "a value in an empty column",
        "1,\n2,3\n",
        "line 2, column 2 is 3, expected an empty cell as in the lines",
        [],
    ),
    ("a row of nothing", "1,2\n,\n", "line 2, column 1 is '', expected", []),
    ("nothing but delimiters", ",,\n,,\n", "line 1, column 1 is '', expected", []),
    ("a corner and no names", ",5,7\n1,2,3\n", "line 1, column 1 is '', expected", []),
    ("a spreadsheet's error", "1,#N/A\n", "line 1, column 2 is '#N/A', expected", []),
    ("errors in the first column", "#DIV/0!,2\n#N/A,3\n", "line 1, column 1 is '#DIV/0!', expected", []),
    ("errors between blanks", "1 #VALUE! 3\n", "line 1, column 2 is '#VALUE!', expected", []),
    ("a # after a delimiter", "1,#2\n3,#4\n", "line 1, column 2 is '#2', expected", []),
    ("a # after a tab", "1\t#2\n3\t#4\n", "line 1, column 2 is '#2', expected", []),
    ("a quoted error", '1,"#N/A"\n', "line 1, column 2 is '#N/A', expected", []),
    ("none but a header", "x,y\n", "contains no numbers below 1 header row", []),
    (
        "none but two rows",
        "x,y\n1,2\n",
        "contains no numbers below 2 header rows",
        [(dict(header=1), [[1, 2]])],
    ),
    ("none but comments", "# x\n", "contains no numbers", []),
    (
        "a quote that stays open",
        '1,"2\n3,4\n',
        "line 1 cannot be split into cells: a quotation mark is not closed",
        [],
    ),
    (
        "something after a quote",
        '1,"2"3\n',
        "line 1 cannot be split into cells: ',' expected after '\"'",
        [],
    ),
    ("rows that grow", "1,2\n3,4\n5,6,7\n", "line 3 has 3 columns, expected 2 as in the lines before", []),
    (
        "a row of one",
        "1,2\n3\n",
        "line 2 has 1 column, expected 2 as in the lines before; if line 1 is a header",
        [],
    ),
    ("bytes", b"1,\xff\n", "not a text file, byte 2 is 0xff, expected UTF-8", []),
    ("half a UTF-16", b"\xff\xfe1", "not a text file, it ends within a character, expected UTF-16", []),
]


@pytest.mark.parametrize(
    ("content", "message", "options"), [case[1:] for case in UNCLEAR], ids=[case[0] for case in UNCLEAR]
)
def test_what_has_no_single_reading(content, message, options):
    wanted = delimited.Wanted(
        "A=a.csv", "A", "an integer", header=2 if message.endswith("2 header rows") else None
    )
    content = content if isinstance(content, bytes) else content.encode()
    with pytest.raises(InputError) as caught:
        delimited.read(content, wanted)
    said = str(caught.value)
    assert said.startswith(f"A=a.csv: {message}")
    assert "\n" not in said
    for option, expected in options:
        table = text(content, **option)
        assert table.values.tolist() == expected
        assert "; if " not in " ".join(table.notes)  # what the user has said is not asked again


def test_options_are_told_what_they_skip():
    assert text("1,2,3\n4,5,6\n7,8,9\n", header=1, index=2).values.tolist() == [[6], [9]]
    assert text("1,2,3\n4,5,6\n", header=1, index=2).notes == ["skipped 1 header row and 2 index columns"]
    for header, index, message in (
        (2, None, "contains no numbers below 2 header rows"),
        (9, None, "contains no numbers below 9 header rows"),
        (None, 3, "line 1 has 3 columns, expected more than the 3 that INDEX skips"),
    ):
        with pytest.raises(InputError, match=f"^A=a.csv: {message}$"):
            text("1,2,3\n4,5,6\n", header=header, index=index)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("1.5", "1.5"),
        ("1e-1", "1e-1"),
        ("1.00000000000000000001", "1.00000000000000000001"),
        ("1e-400", "1e-400"),
        ("1e400", "1e400"),
        ("1e999999999999", "1e999999999999"),
        ("9223372036854775808", "9223372036854775808"),
        ("9" * 5000, "9" * 37 + "..."),
        ("nan", "'nan'"),
        ("-inf", "'-inf'"),
        ("1_0", "'1_0'"),
        ("٣", "'٣'"),
        ("１", "'１'"),
        ("0x10", "'0x10'"),
        ("1 2", "'1 2'"),
        ("--1", "'--1'"),
        ("1\x002", r"'1\x002'"),
        ("1\u20282", r"'1\u20282'"),
    ],
)
def test_what_is_no_integer(cell, said):
    for content in (f"1,{cell}\n3,4\n", f"1,2\n3,{cell}\n"):
        with pytest.raises(InputError) as caught:
            whole(content)
        line = 1 if cell in content.split("\n")[0] else 2
        assert str(caught.value).startswith(f"A=a.csv: line {line}, column 2 is {said}, expected an integer")


def test_a_fraction_is_told_what_would_read_it():
    with pytest.raises(InputError, match="is 1.5, expected an integer; QUANTIZE=symmetric$"):
        whole("1.5\n", otherwise="; QUANTIZE=symmetric")
    with pytest.raises(InputError, match="is 'x', expected an integer$"):
        whole("1,2\n3,x\n", otherwise="; QUANTIZE=symmetric")


@pytest.mark.parametrize("cell", ["nan", "inf", "-inf", "Infinity", "NaN"])
def test_numbers_that_are_not_finite(cell):
    assert str(text(f"1,{cell}\n").values[0, 1]) == str(float(cell))
    with pytest.raises(InputError, match="is 1e400, expected a number"):
        text("1,1e400\n")


def test_a_negative_zero_stays_one():
    assert np.signbit(text("-0,-0.0,0\n").values).tolist() == [[True, True, False]]


# --- round trips --------------------------------------------------------------------------------------------

NAMES = st.from_regex(r"[A-Za-zäß_][A-Za-z0-9äß_ .-]{0,9}", fullmatch=True).filter(
    lambda name: (
        any(c.isalpha() for c in name)
        and name.strip().lower() not in (*delimited.MISSING, *delimited.WORDS, "index")
        and not name.endswith(" ")
    )
)
FORMATS = {
    "repr": repr,
    "integer": lambda x: str(int(x)) if x == int(x) and x else repr(x),  # int() makes 0 of -0.0
    "savetxt": lambda x: f"{x:.18e}",
    "plus": lambda x: f"{x:+.17g}",
    "E": lambda x: f"{x:.17E}",
}
NUMBERS = st.one_of(
    st.integers(-128, 127).map(float),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-9999, 9999).map(lambda x: x / 1000),
)


@st.composite
def exports(draw):
    """A matrix, and the bytes some program wrote it as."""
    size = st.integers(1, 5)
    m, n = draw(size), draw(size)
    values = draw(st.lists(st.lists(NUMBERS, min_size=n, max_size=n), min_size=m, max_size=m))
    form = FORMATS[draw(st.sampled_from(sorted(FORMATS)))]
    cells = [[form(x) for x in row] for row in values]
    delimiter = draw(st.sampled_from(",;\t "))
    several = n > 1  # columns, or there is no delimiter that tells what a comma is
    if delimiter in ";\t" and several and draw(st.booleans()):
        cells = [[cell.replace(".", ",") for cell in row] for row in cells]
    head, labels = None, None
    top = draw(st.sampled_from(["none", "names", "counted"]))
    side = draw(st.sampled_from(["none", "counted", "names"]))
    if top == "names":
        head = draw(st.lists(NAMES, min_size=n, max_size=n))
    elif top == "counted":
        first = draw(st.integers(0, 1))
        head = [str(first + i) for i in range(n)]
        assume(side != "none")  # numbers without a corner are numbers
    if side == "counted":
        first = draw(st.integers(0, 1))
        labels = [str(first + i) for i in range(m)]
        assume(head is not None)
    elif side == "names":
        labels = draw(st.lists(NAMES, min_size=m, max_size=m))
        if head is None:
            assume(m > 1 and not delimited._counts(cells[0]))
    if labels:
        cells = [[label, *row] for label, row in zip(labels, cells)]
        if head is not None:
            corner = draw(st.sampled_from(["", "index", "Unnamed: 0", "Index"]))
            if side == "names" and top == "names" and m > 1:
                corner = draw(st.one_of(st.just(corner), NAMES))
            head = [corner, *head]
    lines = [head, *cells] if head is not None else cells
    if delimiter != " " and draw(st.booleans()):
        lines = [[*row, ""] for row in lines]
    stream = io.StringIO()
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    if delimiter == " ":
        quoting = csv.QUOTE_ALL if head and head[0] == "" else quoting
    writer = csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator="\n")
    for row in lines:
        if draw(st.integers(0, 9)) == 0:
            stream.write(draw(st.sampled_from(["\n", "   \n", "# a comment, with 1;2\t3\n"])))
        writer.writerow(row)
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    found = [cell for row in cells for cell in row[bool(labels) :] if "," in cell or "." in cell]
    if delimiter in ";\t" and found:  # 1.000 alone may be a thousand
        assume(not all(re.fullmatch(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", cell) for cell in found))
    return np.array(values), stream.getvalue().replace("\n", end).encode(encoding)


@pytest.mark.thorough
@settings(max_examples=600, deadline=None)
@given(exports())
def test_exports_are_read_back(export):
    values, data = export
    table = text(data)
    assert table.values.tobytes() == values.tobytes()  # bit for bit, zeros and their signs too


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.floats(width=32), min_size=3, max_size=3), min_size=1, max_size=4),
    st.sampled_from([".csv", ".npy"]),
)
def test_what_is_written_is_read_back(tmp_path_factory, values, suffix):
    path = tmp_path_factory.mktemp("round") / f"a{suffix}"
    values = np.array(values, np.float32)
    path.write_bytes(write.encode(path, values))
    found = read.matrix(read.Source("A", path)).array.astype(np.float32)
    same = found.view(np.uint32) == values.view(np.uint32)
    assert (same | (np.isnan(found) & np.isnan(values))).all()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(-128, 127), min_size=2, max_size=2), min_size=1, max_size=5))
def test_integers_are_read_back(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("round")
    expected = np.array(values)
    files = {"a.csv": write.encode("a.csv", expected)}
    for dtype in ("i1", ">i2", "<i8", "f2", ">f4", "f8", np.longdouble, ml_dtypes.bfloat16):
        for order in "CF":
            stream = io.BytesIO()
            np.save(stream, np.asarray(expected.astype(dtype), order=order))
            files[f"{np.dtype(dtype).name}{order}.npy"] = stream.getvalue()
    for save in (np.savez, np.savez_compressed):
        save(stream := io.BytesIO(), x=expected.astype(">f4"))
        files[f"{save.__name__}.npz"] = stream.getvalue()
    for name, data in files.items():
        (folder / name).write_bytes(data)
        got = read.int8_matrix(read.Source("A", folder / name))
        assert got.dtype == np.int8, name
        np.testing.assert_array_equal(got, expected, name)


# --- .npy and .npz ------------------------------------------------------------------------------------------


def test_truth_values_are_0_and_1(tmp_path):
    (tmp_path / "a.npy").write_bytes(saved(np.array([[True, False]])))
    assert read.int8_matrix(read.Source("A", tmp_path / "a.npy")).tolist() == [[1, 0]]


@pytest.mark.parametrize("order", "<>")
def test_bfloat16_is_its_bits_whichever_way_round(order):
    values = np.array([[1.5, -2], [np.inf, 0.1]], ml_dtypes.bfloat16)
    data = saved(values.astype(values.dtype.newbyteorder(order)))
    assert f"'{order}V2'".encode() in data
    array, bf16 = npy.npy("A=a.npy", data)
    assert bf16
    np.testing.assert_array_equal(array, values.view(np.uint16))


def test_a_bfloat16_file_holds_numbers(tmp_path):
    (tmp_path / "a.npy").write_bytes(saved(np.array([[1.5, -0.0]], ml_dtypes.bfloat16)))
    numbers = read.matrix(read.Source("A", tmp_path / "a.npy")).float64()
    assert numbers.array.tobytes() == np.array([[1.5, -0.0]]).tobytes()
    with pytest.raises(
        InputError, match=r"element \[0, 0\] is 1.5, expected an integer from -128 to 127; X$"
    ):
        read.int8_matrix(read.Source("A", tmp_path / "a.npy"), "; X")


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (
            np.array([[2**53 + 1]]),
            r"element \[0, 0\] is 9007199254740993, expected at most 2\^53 in magnitude",
        ),
        (
            np.array([[2**64 - 1]], np.uint64),
            r"element \[0, 0\] is 18446744073709551615, expected at most 2\^53",
        ),
        (
            np.array([[np.longdouble(1) + np.longdouble(2) ** -60]]),
            "expected a number that float64 can represent",
        ),
    ],
)
def test_what_float64_does_not_hold_is_refused(tmp_path, array, said):
    if array.dtype == np.longdouble and array[0, 0] == 1:
        pytest.skip("a long double of this machine is a double")
    (tmp_path / "a.npy").write_bytes(saved(array))
    with pytest.raises(InputError, match=said):
        read.matrix(read.Source("A", tmp_path / "a.npy")).float64()


def archive(members, method=zipfile.ZIP_STORED):
    """The bytes of a zip file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return stream.getvalue()


def encrypted(data):
    """A zip file whose first member is marked as encrypted, in both of its headers."""
    marked = bytearray(data)
    marked[6] |= 1
    marked[data.index(b"PK\1\2") + 8] |= 1
    return bytes(marked)


ONE = saved(np.array([[1, 2]], np.int8))
TWO = saved(np.array([[3, 4]], np.int8))


def test_arrays_of_an_npz_by_their_keys():
    both = archive({"a.npy": ONE, "layer/kernel:0.npy": TWO, "notes.txt": b"1"})
    assert npy.npz("A=a.npz", "A", both, "a")[0].tolist() == [[1, 2]]
    assert npy.npz("A=a.npz", "A", both, "layer/kernel:0")[0].tolist() == [[3, 4]]
    assert npy.npz("A=a.npz", "A", archive({"arr_0.npy": ONE}))[0].tolist() == [[1, 2]]


def headed(shape, descr="|i1"):
    """An .npy header alone."""
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


BAD_NPZ = [
    ("no zip file", ONE, "not a .npz file: it starts with b'\\x93NUMPY'"),
    (
        "a zip file cut short",
        archive({"a.npy": ONE})[:-30],
        "the .npz file is damaged: File is not a zip file",
    ),
    ("an empty one", archive({}), "contains no arrays"),
    ("no arrays", archive({"a.txt": b"1"}), "contains no arrays"),
    (
        "two arrays",
        archive({"a.npy": ONE, "b.npy": TWO}),
        "contains 2 arrays, expected KEY=A:NAME, where NAME is one of a, b",
    ),
    (
        "hundreds of arrays",
        archive({f"layer {i}.npy": ONE for i in range(300)}),
        "contains 300 arrays, expected KEY=A:NAME, where NAME is one of layer 0, layer 1",
    ),
    (
        "names with lines",
        archive({"a\nb.npy": ONE, "c.npy": TWO}),
        "contains 2 arrays, expected KEY=A:NAME, where NAME is one of a",
    ),
    ("a pickle", archive({"a.npy": PICKLE}), "contains pickled Python objects, expected numbers"),
    ("no array inside", archive({"a.npy": b"1,2\n"}), "a.npy in it is not a .npy file: it starts with b'1,2"),
    (
        "half an array",
        archive({"a.npy": ONE[:-1]}),
        "truncated, the header specifies 2 bytes of data, but only 1 found",
    ),
    (
        "more than an array",
        archive({"a.npy": ONE + b"1"}),
        "the header specifies 2 bytes of data and more were found",
    ),
    (
        "a wrong checksum",
        archive({"a.npy": ONE}).replace(b"\1\2PK", b"\1\3PK"),
        "the .npz file is damaged: Bad CRC-32 for file 'a.npy'",
    ),
    (
        "an array of 10^12 elements",
        archive({"a.npy": headed((10**6, 10**6))}),
        "unpacks to 1,000,000,000,000 bytes, expected at most 268,435,456",
    ),
    (
        "another compression",
        archive({"a.npy": ONE}, zipfile.ZIP_BZIP2),
        "unsupported compression",
    ),
    (
        "an encrypted array",
        encrypted(archive({"a.npy": ONE})),
        "is encrypted, expected a file that NumPy wrote",
    ),
]


@pytest.mark.parametrize(("data", "said"), [case[1:] for case in BAD_NPZ], ids=[case[0] for case in BAD_NPZ])
def test_an_npz_that_cannot_be_used(data, said):
    with pytest.raises(InputError) as caught:
        npy.npz("A=a.npz", "A", data)
    assert str(caught.value).startswith(f"A=a.npz: {said}")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_a_key_that_is_none():
    with pytest.raises(
        InputError, match=r"^A=a.npz: contains no array x, expected KEY=A:NAME, where NAME is one of a$"
    ):
        npy.npz("A=a.npz", "A", archive({"a.npy": ONE}), "x")


@pytest.mark.parametrize("key", ["", " "])
def test_a_key_without_a_name(key):
    with pytest.raises(
        InputError, match=r"^A=a.npz: KEY gives no name, expected KEY=A:NAME, where NAME is one of a$"
    ):
        npy.npz("A=a.npz", "A", archive({"a.npy": ONE}), key)
    assert npy.npz("A=a.npz", "A", archive({f"{key}.npy": ONE}), key)[0].size  # an array may be called so


def test_data_behind_an_array_are_not_dropped():
    with pytest.raises(
        InputError, match="^A=a.npy: the header specifies 2 bytes of data and more were found$"
    ):
        npy.npy("A=a.npy", ONE + TWO)


def test_a_bomb_does_not_go_off(tmp_path):
    """A small file whose array would be 300 megabytes; or is two bytes, with 300 megabytes after them."""
    zeros = bytes(300 << 20)
    for shape, said in (((300 << 20, 1), "unpacks to 314,572,800 bytes"), ((1, 2), "and more were found")):
        (tmp_path / "a.npz").write_bytes(archive({"a.npy": headed(shape) + zeros}, zipfile.ZIP_DEFLATED))
        assert (tmp_path / "a.npz").stat().st_size < 1 << 20
        tracemalloc.start()
        try:
            with pytest.raises(InputError, match=said):
                read.int8_matrix(read.Source("A", tmp_path / "a.npz"))
            assert tracemalloc.get_traced_memory()[1] < 4 << 20
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize(
    ("suffix", "most"), [("npy", "1,073,741,824"), ("npz", "1,073,741,824"), ("csv", "268,435,456")]
)
def test_a_file_of_a_terabyte_is_not_read(tmp_path, suffix, most):
    path = tmp_path / f"a.{suffix}"
    path.touch()
    os.truncate(path, 1 << 40)
    with pytest.raises(InputError, match=f"is 1,099,511,627,776 bytes long, expected at most {most}$"):
        read.int8_matrix(read.Source("A", path))


# --- options ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("1", {"": "1"}),
        ("A:1", {"A": "1"}),
        ("A:1,W:0", {"A": "1", "W": "0"}),
        ("A:layer/kernel:0,W:b,c", {"A": "layer/kernel:0", "W": "b,c"}),
        ("layer:0,A:1", {"": "layer:0,A:1"}),
        ("A:", {"A": ""}),
    ],
)
def test_options_by_file(said, expected):
    assert parse.by_file("KEY", said, ("A", "W")) == expected


def test_an_option_said_twice():
    with pytest.raises(InputError, match="^KEY=A:1,A:2: A is named twice, expected once$"):
        parse.by_file("KEY", "A:1,A:2", ("A", "W"))

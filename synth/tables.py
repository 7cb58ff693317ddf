# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Results as Markdown tables."""
from synth import flow
from synth.settings import Job

HEAD = ("unit", "LUT", "FF", "carry", "DSP", "BRAM", "Fmax, MHz", "least", "greatest", "MAC a cycle",
        "GMAC/s", "MMAC/s a LUT", "to textbook")


def row(result, textbook):
    """Cells of a result's row; the last is its GMAC/s a LUT over the textbook array's."""
    if "failed" in result:
        return [result["label"], "does not fit", *[""] * (len(HEAD) - 2)]
    area = [f"{result[name]:,}" for name in ("lut", "ff", "carry", "dsp", "bram")]
    if not result["fmax"]:
        per_lut = result["lut"] / result["macs"]
        ratio = ""
        if "lut" in (textbook or {}):
            ratio = f"{per_lut / (textbook['lut'] / textbook['macs']):.2f} LUT"
        return [result["label"], *area, "", "", "", f"{result['macs']}", "", "",
                ratio if result["unit"] != "requantize" else ""]
    rate = result["fmax"]
    speed = [f"{rate[name]:.1f}" for name in ("median", "min", "max")]
    if result["unit"] == "requantize":  # results, not MACs
        return [result["label"], *area, *speed, "", "", "", ""]
    ratio = ""
    if textbook and textbook.get("gmacs_per_lut"):
        ratio = f"{result['gmacs_per_lut'] / textbook['gmacs_per_lut']:.2f}"
    return [result["label"], *area, *speed, f"{result['macs']}", f"{result['gmacs']:.2f}",
            f"{1000 * result['gmacs_per_lut']:.2f}", ratio]


def table(target, results):
    """Lines of a Markdown table, and what stands under it."""
    textbook = next((r for r in results if r["unit"] == "textbook"), None)
    lines = [f"{flow.TARGETS[target].title}:", "", f"| {' | '.join(HEAD)} |", "|" + "---|" * len(HEAD)]
    lines += ["| " + " | ".join(row(result, textbook)) + " |" for result in results]
    why = flow.TARGETS[target].untimed
    if why:
        lines += ["", f"No Fmax: {why}. The last column compares LUTs a MAC."]
    return lines


def jobs():
    """What `make synth-table` shows, a list a table."""
    ecp5 = [Job("ecp5", "array", 2, 4, 8), Job("ecp5", "array", 4, 4, 4), Job("ecp5", "array", 8, 8, 1),
            Job("ecp5", "array", 4, 4, 1), Job("ecp5", "array", 4, 4, 8),
            Job("ecp5", "array", 8, 8, 1, multiplier="plain"),
            Job("ecp5", "core", 4, 4, 1), Job("ecp5", "core", 8, 8, 1),
            Job("ecp5", "requantize"), Job("ecp5", "textbook")]
    return {"ecp5": ecp5}


def document(measure, say):
    """Print the tables; the exit status."""
    for target, wanted in jobs().items():
        print("\n".join(table(target, [measure(job, say) for job in wanted])) + "\n")
    return 0

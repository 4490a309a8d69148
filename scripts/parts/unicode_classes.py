#!/usr/bin/env python3
"""Writes Sources/Corpus/UnicodeRanges.swift: which characters the pre-tokenizers of Hugging Face `tokenizers` take for
letters, numbers and white space. Asked of the library itself, because it carries two Unicode versions (one in its
regular expressions, one in `Digits`) and token-for-token equality hangs on both.

usage: unicode_classes.py OUTPUT   (needs PyPI's tokenizers)
"""
import sys

import tokenizers
from tokenizers import Regex, pre_tokenizers

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def matching(expression):
    splitter = pre_tokenizers.Split(Regex(expression), "removed")
    left = set()
    for start in range(0, len(SCALARS), 8192):
        for piece, _ in splitter.pre_tokenize_str("".join(map(chr, SCALARS[start : start + 8192]))):
            left.update(map(ord, piece))
    return set(SCALARS) - left


def digits():
    splitter = pre_tokenizers.Digits(individual_digits=False)
    return {c for c in SCALARS if len(splitter.pre_tokenize_str("a" + chr(c))) == 2}


def ranges(members):
    found = []
    for c in sorted(members):
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return found


def swift(name, comment, members):
    numbers = [f"{value:#x}" for pair in ranges(members) for value in pair]
    lines, line = [], "       "
    for number in numbers:
        if len(line) + len(number) + 2 > 116:
            lines.append(line)
            line = "       "
        line += f" {number},"
    lines.append(line)
    return f"    /// {comment}\n    static let {name}: [UInt32] = [\n" + "\n".join(lines) + "\n    ]\n"


number = matching(r"\p{N}")
every_digit = digits()
assert not number - every_digit
parts = [
    swift("letters", r"What `\p{L}` matches.", matching(r"\p{L}")),
    swift("numbers", r"What `\p{N}` matches.", number),
    swift("furtherDigits", "What the `Digits` pre-tokenizer takes for a number beside those.", every_digit - number),
    swift("whiteSpace", r"What `\s` matches.", matching(r"\s")),
]
with open(sys.argv[1], "w") as file:
    file.write(
        f"// Made by scripts/parts/unicode_classes.py from tokenizers {tokenizers.__version__}; do not edit.\n\n"
        "/// Ranges of Unicode scalars, first and last of each in turn, as Hugging Face `tokenizers` classifies them.\n"
        "enum UnicodeRanges {\n" + "\n".join(parts) + "}\n"
    )

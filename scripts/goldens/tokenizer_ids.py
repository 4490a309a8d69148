#!/usr/bin/env python3
"""Golden ids of byte-pair tokenizers: what Hugging Face `tokenizers` and SentencePiece make of the texts below.

usage: tokenizer_ids.py FOLDER   (SHEARLING_FIXTURES: where the fetched vocabularies are)

Writes tokenizer_ids.json: `texts`; `trained`, tokenizers trained here on these very texts, one for each way of cutting and
normalising, whole, with their ids; `fetched`, ids of the vocabularies that are not ours to ship, without them.
"""
import json
import os
import pathlib
import sys

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

TEXTS = [
    "",
    " ",
    "  ",
    "\n",
    "\n\n \n",
    "\t\tx",
    "The quick brown fox jumps over the lazy dog, doesn't it? They'll say we've seen it; I'm sure they'd agree.",
    "DOESN'T THEY'LL WE'VE I'M 'S 's ' s it\u2019s 'ſt",
    "  leading, trailing  ",
    "a  b   c    d\n e\n\n  f\r\n\r\n g \r h",
    "1 22 333 4444 55555 3.14159 -1e-9 0xFF 1,234,567.89 v2",
    "\u0661\u0662\u0663 \u0967\u0968 \u00bd \u2167 \u00b2\u00b3 \U0001d7d8\U0001d7d9 \U00016ff4",
    "def carve(weights, keep):\n    rows = [w for w in weights if w.index in keep]\n\treturn rows  # 12 left\n",
    "for (int i = 0; i < 10; ++i) { sum += x[i] * y[i]; } // \"dot\" 'product'",
    "<html><body class='a'>&amp; &lt;s&gt;</body></html> <s> </s> <unk> <|endoftext|> <|im_start|>user<|im_end|> <0xE2>",
    "https://example.org/a/b?c=d&e=f#g user@example.org C:\\temp\\file.txt /usr/lib",
    "$\\int_0^1 x^2\\,dx = \\frac{1}{3}$ and $e^{i\\pi}+1=0$; \\begin{align} a &= b \\\\ c &= d \\end{align}",
    "Äpfel, Öl und Straße; naïve façade, résumé, coöperate; e\u0301 a\u0308 \u1e9e",
    "\u043d\u0435\u0449\u043e \u043d\u0430 \u0411\u044a\u043b\u0433\u0430\u0440\u0441\u043a\u0438, \u0395\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac, \u05e2\u05d1\u05e8\u05d9\u05ea, \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "\u6f22\u5b57\u4eee\u540d\u4ea4\u3058\u308a\u6587\u3002\u4eca\u65e5\u306f\uff11\uff12\u6708\u3002 \ud55c\uad6d\uc5b4 \u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22 \u1780\u17b6\u1793\u17cb\u178f\u17c2",
    "\U0001f680 (normal) \U0001f636\u200d\U0001f32b\ufe0f \u2705 \U0001f999.cpp \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u00a0nbsp\u2003em\u3000ideographic\u200bzero\ufeffbom\u0085next\u2028line",
    "\u2581\u2581already\u2581spaced \u2581 mixed",
    "\x00\x01\x07\x1b[0m\x7f control",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "abababababababababababababababababababababababababababababababababababababababababababab" * 3,
    "=" * 100 + "-" * 70 + "\n" + " " * 130 + "x" + "\n" * 50,
    "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "!!!???...;;;:::,,,---___***###@@@\n\n!!!\r\n",
    "\U0010ffff\ufffd\ue000 \uffff",
]
GPT4 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
OTHER = r"[^\s\p{L}]+|\s?\p{L}{1,4}|\s+"


def byte_level(**options):
    return pre_tokenizers.ByteLevel(**{"add_prefix_space": False, "use_regex": False, **options})


def split(expression, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(expression), behavior, invert)


CUTS = {
    "gpt2": byte_level(use_regex=True),
    "gpt2-prefix-space": byte_level(use_regex=True, add_prefix_space=True),
    "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(True), byte_level(use_regex=True)]),
    "digit-runs": pre_tokenizers.Sequence([pre_tokenizers.Digits(False), byte_level(use_regex=True)]),
    "llama3": pre_tokenizers.Sequence([split(GPT4), byte_level()]),
    "qwen2": pre_tokenizers.Sequence([split(GPT4.replace("{1,3}", "")), byte_level()]),
    "other-isolated": pre_tokenizers.Sequence([split(OTHER), byte_level()]),
    "other-removed": pre_tokenizers.Sequence([split(r"[aeiou]", "removed"), byte_level()]),
    "other-previous": pre_tokenizers.Sequence([split(r"[ ,.]", "merged_with_previous"), byte_level()]),
    "other-next": pre_tokenizers.Sequence([split(r"[ ,.]", "merged_with_next"), byte_level()]),
    "other-contiguous": pre_tokenizers.Sequence([split(r"[ ,.a]", "contiguous"), byte_level()]),
    "literal": pre_tokenizers.Sequence([pre_tokenizers.Split(" ", "merged_with_previous", False), byte_level()]),
}


def trained(name):
    tokenizer = Tokenizer(models.BPE(ignore_merges=name == "llama3"))
    tokenizer.pre_tokenizer = CUTS[name]
    tokenizer.decoder = decoders.ByteLevel()
    # Without the alphabet of bytes that do not occur: those of a vocabulary may be missing (SmolLM's are).
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<|endoftext|>", "<s>"], show_progress=False)
    tokenizer.train_from_iterator(TEXTS[6:20], trainer)
    if name == "gpt2":
        tokenizer.add_tokens([AddedToken("   ", normalized=False), AddedToken("brown", single_word=True, normalized=False)])
        tokenizer.add_special_tokens([AddedToken("<|im_start|>", lstrip=True), AddedToken("<|im_end|>", rstrip=True)])
    return tokenizer


def characters(name):
    """A vocabulary of the kind that comes from SentencePiece: characters, byte fallback, U+2581 for spaces."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=name != "unknown"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokens = ["<unk>", "<s>", "</s>"] + ([f"<0x{byte:02X}>" for byte in range(256)] if name != "unknown" else [])
    tokenizer.pre_tokenizer = pre_tokenizers.Split("\u2581", "merged_with_next", False)
    tokenizer.train_from_iterator(TEXTS[6:18], trainers.BpeTrainer(vocab_size=500, special_tokens=tokens[:3], limit_alphabet=60, show_progress=False))
    parts = json.loads(tokenizer.to_str())
    pieces = [piece for piece in parts["model"]["vocab"] if piece not in tokens]
    parts["model"]["vocab"] = {piece: index for index, piece in enumerate(tokens + pieces)}
    parts["pre_tokenizer"] = None
    parts["decoder"] = {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    if name.startswith("metaspace"):
        parts["normalizer"] = None
        parts["pre_tokenizer"] = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": name.endswith("split")}
    return Tokenizer.from_str(json.dumps(parts))


def ids(tokenizer, special):
    tokenizer.encode_special_tokens = not special
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]


def whole(tokenizer):
    parts = json.loads(tokenizer.to_str())
    return {"tokenizer": json.dumps(parts, ensure_ascii=False, separators=(",", ":")), "ids": ids(tokenizer, False), "special": ids(tokenizer, True)}


def main(folder):
    fixtures = pathlib.Path(os.environ["SHEARLING_FIXTURES"])
    golden = {"texts": TEXTS, "trained": {}, "fetched": {}}
    for name in CUTS:
        golden["trained"][name] = whole(trained(name))
    for name in ("sentencepiece", "unknown", "metaspace", "metaspace-split"):
        golden["trained"][name] = whole(characters(name))
    for name in ("smollm2", "llama2"):
        tokenizer = Tokenizer.from_file(str(fixtures / name / "tokenizer.json"))
        golden["fetched"][name] = {"ids": ids(tokenizer, False), "special": ids(tokenizer, True)}
    processor = sentencepiece.SentencePieceProcessor(model_file=str(fixtures / "llama2/tokenizer.model"))
    golden["fetched"]["llama2-sentencepiece"] = {"ids": [processor.encode(text) for text in TEXTS], "special": None}
    path = pathlib.Path(folder) / "tokenizer_ids.json"
    path.write_text(json.dumps(golden, ensure_ascii=True, separators=(",", ":")).replace('],"', '],\n"') + "\n")


main(sys.argv[1])

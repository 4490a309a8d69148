"""The peers of `shear bench tokenize`: Hugging Face tokenizers and SentencePiece's own C++, on one thread.

    peer_tokenize.py tokenizers|sentencepiece FILE SHARD IDS

IDS gets of each document the number of ids and the ids, as Int32, before the first slice.
"""

import sys

import numpy
from corpora import texts
from peer_turns import now, take


def hugging_face(path):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(path)
    # Plain text is plain text: the characters of a special token are not that token.
    tokenizer.encode_special_tokens = True

    def encode(documents):
        # Its fastest way: no offsets are kept, and ids stay on its side.
        return tokenizer.encode_batch_fast(documents, add_special_tokens=False)

    return encode, lambda encoding: encoding.ids


def sentence_piece(path):
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_file=path)

    def encode(documents):
        return processor.encode(documents, out_type=int, num_threads=1)

    return encode, lambda ids: ids


def main(library, path, shard, ids):
    documents = texts(shard)
    encode, ids_of = {"tokenizers": hugging_face, "sentencepiece": sentence_piece}[library](path)
    rows = [ids_of(made) for made in encode(documents)]
    numpy.concatenate([numpy.array([len(row), *row], numpy.int32) for row in rows]).tofile(ids)

    def slice():
        start = now()
        made = encode(documents)
        return {"seconds": now() - start, "documents": len(made)}

    take({"documents": len(documents), "bytes": sum(len(text.encode()) for text in documents)}, slice)


if __name__ == "__main__":
    main(*sys.argv[1:])

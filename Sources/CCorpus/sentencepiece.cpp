#include "ccorpus.h"

#include <boundary.hpp>
#include <sentencepiece_processor.h>

#include <climits>
#include <memory>
#include <string>
#include <vector>

using shearling::boundary;
using shearling::Fault;

struct cc_sentencepiece {
    sentencepiece::SentencePieceProcessor processor;
};

ct_status cc_sentencepiece_load(const uint8_t *model, size_t length, cc_sentencepiece **out) {
    return boundary([&] {
        auto result = std::make_unique<cc_sentencepiece>();
        if (length == 0) throw Fault(CT_INVALID_ARGUMENT, "the file is empty");
        const auto status =
            result->processor.LoadFromSerializedProto({reinterpret_cast<const char *>(model), length});
        if (!status.ok()) throw Fault(CT_INVALID_ARGUMENT, "not a SentencePiece model: " + status.ToString());
        if (result->processor.GetPieceSize() <= 0) throw Fault(CT_INVALID_ARGUMENT, "a SentencePiece model without pieces");
        *out = result.release();
    });
}

void cc_sentencepiece_free(cc_sentencepiece *model) { delete model; }

size_t cc_sentencepiece_size(const cc_sentencepiece *model) {
    return static_cast<size_t>(model->processor.GetPieceSize());
}

int32_t cc_sentencepiece_bos(const cc_sentencepiece *model) { return model->processor.bos_id(); }
int32_t cc_sentencepiece_eos(const cc_sentencepiece *model) { return model->processor.eos_id(); }

const uint8_t *cc_sentencepiece_piece(const cc_sentencepiece *model, size_t id, size_t *length, cc_piece_kind *kind) {
    const auto &processor = model->processor;
    const int index = static_cast<int>(id);
    const std::string &piece = processor.IdToPiece(index);
    *length = piece.size();
    *kind = processor.IsUnknown(index)   ? CC_PIECE_UNKNOWN
            : processor.IsControl(index) ? CC_PIECE_CONTROL
            : processor.IsUnused(index)  ? CC_PIECE_UNUSED
            : processor.IsByte(index)    ? CC_PIECE_BYTE
                                         : CC_PIECE_NORMAL;
    return reinterpret_cast<const uint8_t *>(piece.data());
}

ct_status cc_sentencepiece_encode(
    const cc_sentencepiece *model, const uint8_t *text, size_t length,
    void (*receive)(void *context, const int32_t *ids, size_t count), void *context) {
    static_assert(sizeof(int) == sizeof(int32_t));
    return boundary([&] {
        if (length > INT_MAX / 4) throw Fault(CT_UNSUPPORTED, "the text is longer than SentencePiece takes");
        std::vector<int> ids;
        const auto status = model->processor.Encode({reinterpret_cast<const char *>(text), length}, &ids);
        if (!status.ok()) throw Fault(CT_INTERNAL, status.ToString());
        receive(context, ids.data(), ids.size());
    });
}

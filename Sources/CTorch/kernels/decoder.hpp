#pragma once
#include "../handle.hpp"
#include "team.hpp"

#include <variant>
#include <vector>

namespace shearling::decoder {

/// Positions whose scores are taken together; their softmaxes are joined afterwards.
constexpr int64_t chunk = 64;
/// Into how many sums a down projection's neurons are cut: fixed, so that results do not depend on the threads.
constexpr int64_t sum_parts = 24;

/// A matrix that one row of floats is multiplied with.
struct Projection {
    enum class Form {
        rows,     ///< [outputs, inputs] of the decoder's dtype
        columns,  ///< [inputs, outputs] of it
        bytes,    ///< [outputs, inputs] int8 with a scale per output
        packed,   ///< the form that `ct_int8_pack` makes of that
    };
    Form form;
    int64_t inputs, outputs;
    at::Tensor weight;
    /// [outputs] float32, of bytes.
    at::Tensor scales;
    /// [outputs] or undefined: float32 of bytes, else the decoder's dtype.
    at::Tensor bias;
};

struct Attention {
    at::Tensor norm;
    Projection query, key, value, output;
    int64_t query_heads, key_heads;
    /// [1, key heads, positions, head size].
    at::Tensor keys, values;
    int64_t members() const { return query_heads / key_heads; }
    int64_t capacity() const { return keys.size(2); }
};

struct FeedForward {
    at::Tensor norm;
    Projection gate, up, down;
    int64_t neurons() const { return gate.outputs; }
};

/// Memory of one thread: the stream, of which each thread keeps its own, and what it makes on the way.
struct Private {
    std::vector<float> stream, normed, gate, up, context, query;
    std::vector<uint8_t> bytes;
};

/// Memory that the threads share.
struct Shared {
    /// Queries, keys and values of the token, one after another.
    std::vector<float> projected;
    /// Of each query head and chunk: the largest score, the sum of exponentials, the weighted sum of values.
    std::vector<float> softmaxes;
    std::vector<float> neurons;
    /// What a half adds to the stream, as sums to be added up; halves take turns, so that one may be read as the other is written.
    std::vector<float> added[2];
};

}  // namespace shearling::decoder

struct ct_decoder {
    int64_t hidden, head_size;
    float epsilon;
    at::ScalarType type;
    at::Tensor final_norm;
    std::vector<std::variant<shearling::decoder::Attention, shearling::decoder::FeedForward>> halves;
    /// Of all weights.
    int64_t weight_bytes = 0;

    shearling::decoder::Shared shared;
    std::vector<shearling::decoder::Private> threads;

    /// The token at `position`, on its way from the embedding to the head: `stream` and `out` [hidden], `cosines` and `sines`
    /// [head size / 2].
    template <class T>
    void step(const T *stream, const float *cosines, const float *sines, int64_t position, T *out);
    /// Takes memory for the next step.
    void prepare(int32_t thread_count);
};

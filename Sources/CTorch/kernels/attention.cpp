#include "tile_product.hpp"
#include "vectorised.hpp"

#include <torch/csrc/autograd/custom_function.h>

using namespace shearling;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Attention without a mask tensor, bfloat16 on processors with AVX512-BF16; everything else is the library's.
// Per head, with S = Q K^T, L = log(sum(exp(scale S))) of a row, P = exp(scale S - L), O = P V and D = sum(dO O) of a row:
//   dV = P^T dO,   dS = scale P (dO V^T - D),   dQ = dS K,   dK = dS^T Q.
// Queries go in blocks of `query_block`, keys in blocks of `key_block`; scores never leave a core's cache.
// (Dao, FlashAttention-2, arXiv 2307.08691, with the sums over queries per head kept apart: no order depends on threads.)

namespace {

at::Tensor composed(const at::Tensor &query, const at::Tensor &key, const at::Tensor &value, const c10::optional<at::Tensor> &mask, bool causal,
                    c10::optional<double> scale, bool grouped) {
    return at::scaled_dot_product_attention(query, key, value, mask, /*dropout_p=*/0.0, causal, scale, grouped);
}

#if defined(__x86_64__)

constexpr int64_t query_block = 64, key_block = 512;

using tile::round_up;

/// One head of a tensor [B, N, T, D]: row t starts at `data + t * stride`.
struct Head {
    const at::BFloat16 *data;
    int64_t stride;
    CT_TILE uint32_t pair(int64_t row, int64_t p) const {
        uint32_t word;
        __builtin_memcpy(&word, data + row * stride + 2 * p, 4);
        return word;
    }
};

Head head_of(const at::Tensor &x, int64_t batch, int64_t head) {
    return {elements<at::BFloat16>(x) + batch * x.stride(0) + head * x.stride(1), x.stride(2)};
}

/// Rows as a right side summed over channels: out[p][row] = channels 2p and 2p + 1 of the row; rows up to `padded` are 0.
CT_TILE void pack_transposed(Head x, int64_t rows, int64_t padded, int64_t channels, uint32_t *__restrict out) {
    for (int64_t start = 0; start < padded; start += 16)
        for (int64_t p = 0; p < channels / 2; ++p)
            for (int64_t row = start; row < start + 16; ++row) out[p * padded + row] = row < rows ? x.pair(row, p) : 0;
}

/// Rows as a right side summed over rows: out[p][channel] = that channel of rows 2p and 2p + 1; rows up to `padded` are 0.
CT_TILE void pack_pairs(Head x, int64_t rows, int64_t padded, int64_t channels, uint32_t *__restrict out) {
    for (int64_t p = 0; p < padded / 2; ++p) {
        const bool first = 2 * p < rows, second = 2 * p + 1 < rows;
        const at::BFloat16 *__restrict low = x.data + (first ? 2 * p : 0) * x.stride, *__restrict high = x.data + (second ? 2 * p + 1 : 0) * x.stride;
        const uint32_t keep_low = first ? 0xFFFF : 0, keep_high = second ? 0xFFFF : 0;
        for (int64_t c = 0; c < channels; ++c) out[p * channels + c] = (low[c].x & keep_low) | (static_cast<uint32_t>(high[c].x & keep_high) << 16);
    }
}

/// Two rows of floats into pairs.
CT_TILE void join_rows(const float *__restrict low, const float *__restrict high, int64_t count, uint32_t *__restrict out) {
    for (int64_t i = 0; i < count; ++i)
        out[i] = narrow<at::BFloat16>(low[i]).x | (static_cast<uint32_t>(narrow<at::BFloat16>(high[i]).x) << 16);
}

CT_TILE void narrow_row(const float *__restrict from, int64_t count, at::BFloat16 *__restrict to) {
    for (int64_t i = 0; i < count; ++i) to[i] = narrow<at::BFloat16>(from[i]);
}

const uint32_t *words(const at::BFloat16 *data) { return reinterpret_cast<const uint32_t *>(data); }

struct Geometry {
    int64_t batch, heads, groups, queries, keys, channels;
    int64_t padded_keys;
    float scale;
    bool causal;

    Geometry(const at::Tensor &q, const at::Tensor &k, double scale, bool causal)
        : batch(q.size(0)), heads(q.size(1)), groups(k.size(1)), queries(q.size(2)), keys(k.size(2)), channels(q.size(3)),
          padded_keys(round_up(keys, 16)), scale(static_cast<float>(scale)), causal(causal) {}
    /// Keys that any query of rows `first ..< first + rows` sees.
    int64_t visible(int64_t first, int64_t rows) const { return causal ? std::min(keys, first + rows) : keys; }
    int64_t visible(int64_t query) const { return causal ? query + 1 : keys; }
    int64_t packed() const { return padded_keys * channels / 2; }
};

/// Keys and values of all key heads in the forms that products want: [B * K, packed].
at::Tensor packed_heads(const at::Tensor &x, const Geometry &g, bool transposed) {
    const at::Tensor out = at::empty({g.batch * g.groups, g.packed()}, x.options().dtype(at::kInt));
    uint32_t *to = mutable_elements<uint32_t>(out);
    parallel_for(0, g.batch * g.groups, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            (transposed ? pack_transposed : pack_pairs)(head_of(x, i / g.groups, i % g.groups), g.keys, g.padded_keys, g.channels, to + i * g.packed());
    });
    return out;
}

/// The softmax of one block of scores, carried over blocks of keys: new largest scores, sums, and probabilities in bfloat16;
/// what was gathered so far shrinks by the change of the largest.
CT_TILE void advance_softmax(const float *__restrict scores, int64_t score_stride, int64_t rows, int64_t first_query, int64_t first_key,
                             int64_t width, const Geometry &g, float *__restrict top, float *__restrict sum, at::BFloat16 *__restrict probabilities,
                             float *__restrict gathered) {
    for (int64_t row = 0; row < rows; ++row) {
        const float *__restrict s = scores + row * score_stride;
        at::BFloat16 *__restrict p = probabilities + row * key_block;
        const int64_t seen = std::max<int64_t>(0, std::min(width, g.visible(first_query + row) - first_key));
        float largest = top[row];
        {
#pragma clang fp reassociate(on) contract(fast)
            for (int64_t i = 0; i < seen; ++i) largest = s[i] > largest ? s[i] : largest;
        }
        float total = 0;
        {
#pragma clang fp reassociate(on) contract(fast)
            for (int64_t i = 0; i < seen; ++i) {
                const float e = exponential(g.scale * (s[i] - largest));
                total += e;
                p[i] = narrow<at::BFloat16>(e);
            }
        }
        for (int64_t i = seen; i < width; ++i) p[i] = narrow<at::BFloat16>(0);
        if (first_key > 0 && largest > top[row]) {
            const float shrink = exponential(g.scale * (top[row] - largest));
            sum[row] *= shrink;
            for (int64_t c = 0; c < g.channels; ++c) gathered[row * g.channels + c] *= shrink;
        }
        top[row] = largest;
        sum[row] += total;
    }
}

CT_TILE void forward_head(Head query, const uint32_t *keys, const uint32_t *values, const Geometry &g, at::BFloat16 *out, int64_t out_stride,
                          float *log_sums) {
    std::vector<float> scores(query_block * key_block), gathered(query_block * g.channels);
    std::vector<at::BFloat16> probabilities(query_block * key_block), block(query_block * g.channels);
    float top[query_block], sum[query_block];
    for (int64_t first = 0; first < g.queries; first += query_block) {
        const int64_t rows = std::min(query_block, g.queries - first), limit = g.visible(first, rows);
        for (int64_t row = 0; row < rows; ++row) {
            __builtin_memcpy(block.data() + row * g.channels, query.data + (first + row) * query.stride, sizeof(at::BFloat16) * g.channels);
            top[row] = -INFINITY;
            sum[row] = 0;
        }
        for (int64_t key = 0; key < limit; key += key_block) {
            const int64_t width = std::min(key_block, round_up(limit - key, 16));
            tile::product(rows, width, g.channels / 2, {words(block.data()), g.channels / 2, 1}, {keys + key, g.padded_keys}, scores.data(), key_block, false);
            advance_softmax(scores.data(), key_block, rows, first, key, width, g, top, sum, probabilities.data(), gathered.data());
            tile::product(rows, g.channels, width / 2, {words(probabilities.data()), key_block / 2, 1}, {values + key / 2 * g.channels, g.channels},
                          gathered.data(), g.channels, key > 0);
        }
        for (int64_t row = 0; row < rows; ++row) {
            float *__restrict from = gathered.data() + row * g.channels;
            for (int64_t c = 0; c < g.channels; ++c) from[c] /= sum[row];
            narrow_row(from, g.channels, out + (first + row) * out_stride);
            log_sums[first + row] = g.scale * top[row] + std::log(sum[row]);
        }
    }
}

/// Scores and their slopes' first part in place: `scores` becomes P, `slopes` (dO V^T) becomes dS.
CT_TILE void turn_into_slopes(float *__restrict scores, float *__restrict slopes, int64_t rows, int64_t first_query, int64_t first_key, int64_t width,
                              const Geometry &g, const float *__restrict log_sums, const float *__restrict deltas) {
    for (int64_t row = 0; row < rows; ++row) {
        float *__restrict s = scores + row * key_block, *__restrict d = slopes + row * key_block;
        const int64_t seen = std::max<int64_t>(0, std::min(width, g.visible(first_query + row) - first_key));
        const float log_sum = log_sums[first_query + row], delta = deltas[row];
        for (int64_t i = 0; i < seen; ++i) {
            const float p = exponential(g.scale * s[i] - log_sum);
            s[i] = p;
            d[i] = g.scale * p * (d[i] - delta);
        }
        for (int64_t i = seen; i < width; ++i) s[i] = d[i] = 0;
    }
}

/// Gradients of one query head: dQ as bfloat16, dK and dV added to float32 sums [padded keys, channels].
CT_TILE void backward_head(Head query, Head output, Head flow, const uint32_t *keys_transposed, const uint32_t *keys_paired,
                           const uint32_t *values_transposed, const Geometry &g, const float *log_sums, at::BFloat16 *to_query, int64_t query_stride,
                           float *to_keys, float *to_values) {
    const int64_t half = g.channels / 2;
    std::vector<float> scores(query_block * key_block), slopes(query_block * key_block), gathered(query_block * g.channels);
    std::vector<uint32_t> joined_scores(query_block / 2 * key_block), joined_slopes(query_block / 2 * key_block);
    std::vector<at::BFloat16> rows_of_slopes(query_block * key_block), queries(query_block * g.channels), flows(query_block * g.channels);
    std::vector<uint32_t> paired_queries(query_block / 2 * g.channels), paired_flows(query_block / 2 * g.channels);
    float deltas[query_block];
    for (int64_t first = 0; first < g.queries; first += query_block) {
        const int64_t rows = std::min(query_block, g.queries - first), even = round_up(rows, 2), limit = g.visible(first, rows);
        for (int64_t row = 0; row < rows; ++row) {
            const at::BFloat16 *__restrict o = output.data + (first + row) * output.stride, *__restrict f = flow.data + (first + row) * flow.stride;
            __builtin_memcpy(queries.data() + row * g.channels, query.data + (first + row) * query.stride, sizeof(at::BFloat16) * g.channels);
            __builtin_memcpy(flows.data() + row * g.channels, f, sizeof(at::BFloat16) * g.channels);
            float delta = 0;
            {
#pragma clang fp reassociate(on) contract(fast)
                for (int64_t c = 0; c < g.channels; ++c) delta += widen(o[c]) * widen(f[c]);
            }
            deltas[row] = delta;
        }
        pack_pairs({queries.data(), g.channels}, rows, even, g.channels, paired_queries.data());
        pack_pairs({flows.data(), g.channels}, rows, even, g.channels, paired_flows.data());
        for (int64_t key = 0; key < limit; key += key_block) {
            const int64_t width = std::min(key_block, round_up(limit - key, 16));
            tile::product(rows, width, half, {words(queries.data()), half, 1}, {keys_transposed + key, g.padded_keys}, scores.data(), key_block, false);
            tile::product(rows, width, half, {words(flows.data()), half, 1}, {values_transposed + key, g.padded_keys}, slopes.data(), key_block, false);
            turn_into_slopes(scores.data(), slopes.data(), rows, first, key, width, g, log_sums, deltas);
            if (rows < even)
                for (int64_t i = 0; i < width; ++i) scores[rows * key_block + i] = slopes[rows * key_block + i] = 0;
            for (int64_t row = 0; row < even; row += 2) {
                join_rows(scores.data() + row * key_block, scores.data() + (row + 1) * key_block, width, joined_scores.data() + row / 2 * key_block);
                join_rows(slopes.data() + row * key_block, slopes.data() + (row + 1) * key_block, width, joined_slopes.data() + row / 2 * key_block);
            }
            for (int64_t row = 0; row < rows; ++row) narrow_row(slopes.data() + row * key_block, width, rows_of_slopes.data() + row * key_block);
            tile::product(rows, g.channels, width / 2, {words(rows_of_slopes.data()), key_block / 2, 1}, {keys_paired + key / 2 * g.channels, g.channels},
                          gathered.data(), g.channels, key > 0);
            tile::product(width, g.channels, even / 2, {joined_scores.data(), 1, key_block}, {paired_flows.data(), g.channels}, to_values + key * g.channels,
                          g.channels, true);
            tile::product(width, g.channels, even / 2, {joined_slopes.data(), 1, key_block}, {paired_queries.data(), g.channels}, to_keys + key * g.channels,
                          g.channels, true);
        }
        for (int64_t row = 0; row < rows; ++row) narrow_row(gathered.data() + row * g.channels, g.channels, to_query + (first + row) * query_stride);
    }
}

/// Sums of the query heads of a group, into [B, K, S, D] of any layout.
CT_TILE void reduce_groups(const float *__restrict parts, const Geometry &g, int64_t index, const at::Tensor &out) {
    const int64_t members = g.heads / g.groups, batch = index / g.groups, group = index % g.groups, size = g.padded_keys * g.channels;
    const float *__restrict from = parts + (batch * g.heads + group * members) * size;
    at::BFloat16 *__restrict to = mutable_elements<at::BFloat16>(out) + batch * out.stride(0) + group * out.stride(1);
    for (int64_t key = 0; key < g.keys; ++key)
        for (int64_t c = 0; c < g.channels; ++c) {
            float sum = 0;
            for (int64_t member = 0; member < members; ++member) sum += from[member * size + key * g.channels + c];
            to[key * out.stride(2) + c] = narrow<at::BFloat16>(sum);
        }
}

/// [B, N, T, D] that lies in memory as [B, T, N, D]: what projections give and take.
at::Tensor empty_heads(const at::Tensor &like, at::IntArrayRef shape) {
    return at::empty({shape[0], shape[2], shape[1], shape[3]}, like.options()).transpose(1, 2);
}

at::Tensor dense(const at::Tensor &x) { return x.stride(-1) == 1 ? x : x.contiguous(); }

struct TiledAttention : torch::autograd::Function<TiledAttention> {
    static at::Tensor forward(AutogradContext *context, const at::Tensor &query, const at::Tensor &key, const at::Tensor &value, double scale, bool causal) {
        const at::Tensor q = dense(query), k = dense(key), v = dense(value);
        const Geometry g(q, k, scale, causal);
        const at::Tensor out = empty_heads(q, q.sizes()), log_sums = at::empty({g.batch * g.heads, g.queries}, q.options().dtype(at::kFloat));
        const at::Tensor keys = packed_heads(k, g, true), values = packed_heads(v, g, false);
        parallel_for(0, g.batch * g.heads, 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const int64_t batch = i / g.heads, head = i % g.heads, group = batch * g.groups + head / (g.heads / g.groups);
                forward_head(head_of(q, batch, head), elements<uint32_t>(keys) + group * g.packed(), elements<uint32_t>(values) + group * g.packed(), g,
                             mutable_elements<at::BFloat16>(out) + batch * out.stride(0) + head * out.stride(1), out.stride(2),
                             mutable_elements<float>(log_sums) + i * g.queries);
            }
        });
        context->save_for_backward({q, k, v, out, log_sums});
        context->saved_data["scale"] = scale;
        context->saved_data["causal"] = causal;
        return out;
    }

    static variable_list backward(AutogradContext *context, const variable_list &gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &out = saved[3], &log_sums = saved[4];
        const at::Tensor flow = dense(gradients[0]);
        const Geometry g(q, k, context->saved_data["scale"].toDouble(), context->saved_data["causal"].toBool());
        const at::Tensor to_query = empty_heads(q, q.sizes()), to_key = empty_heads(k, k.sizes()), to_value = empty_heads(v, v.sizes());
        const at::Tensor keys_transposed = packed_heads(k, g, true), keys_paired = packed_heads(k, g, false), values_transposed = packed_heads(v, g, true);
        const int64_t size = g.padded_keys * g.channels;
        const at::Tensor key_parts = at::empty({g.batch * g.heads, size}, log_sums.options()), value_parts = at::empty_like(key_parts);
        parallel_for(0, g.batch * g.heads, 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const int64_t batch = i / g.heads, head = i % g.heads, group = (batch * g.groups + head / (g.heads / g.groups)) * g.packed();
                float *to_keys = mutable_elements<float>(key_parts) + i * size, *to_values = mutable_elements<float>(value_parts) + i * size;
                std::fill_n(to_keys, size, 0.0f);
                std::fill_n(to_values, size, 0.0f);
                backward_head(head_of(q, batch, head), head_of(out, batch, head), head_of(flow, batch, head), elements<uint32_t>(keys_transposed) + group,
                              elements<uint32_t>(keys_paired) + group, elements<uint32_t>(values_transposed) + group, g,
                              elements<float>(log_sums) + i * g.queries,
                              mutable_elements<at::BFloat16>(to_query) + batch * to_query.stride(0) + head * to_query.stride(1), to_query.stride(2), to_keys,
                              to_values);
            }
        });
        parallel_for(0, g.batch * g.groups, 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                reduce_groups(elements<float>(key_parts), g, i, to_key);
                reduce_groups(elements<float>(value_parts), g, i, to_value);
            }
        });
        return {to_query, to_key, to_value, at::Tensor(), at::Tensor()};
    }
};

bool has_tiles() {
    static const bool found = instruction_set() == InstructionSet::avx512 && __builtin_cpu_supports("avx512bf16");
    return found;
}

bool fits_tiles(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, bool causal) {
    const auto bfloat16 = [](const at::Tensor &x) { return x.scalar_type() == at::kBFloat16 && x.device().is_cpu() && x.numel() > 0; };
    return has_tiles() && bfloat16(q) && bfloat16(k) && bfloat16(v) && k.sizes() == v.sizes() && q.size(0) == k.size(0) && q.size(3) == k.size(3) &&
           q.size(1) % k.size(1) == 0 && q.size(3) % 16 == 0 && q.size(3) <= 256 && q.size(2) >= 2 && (!causal || q.size(2) == k.size(2));
}

#endif

}  // namespace

ct_status ct_attention(const ct_tensor *query, const ct_tensor *key, const ct_tensor *value, const ct_tensor *mask, bool causal,
                       const double *scale, bool grouped, ct_tensor **out) {
    return produce(out, [&] {
        const at::Tensor &q = query->value, &k = key->value, &v = value->value;
        require(q.dim() == 4 && k.dim() == 4 && v.dim() == 4, "attention needs query, key and value of rank 4");
#if defined(__x86_64__)
        if (!mask && (grouped || q.size(1) == k.size(1)) && fits_tiles(q, k, v, causal))
            return TiledAttention::apply(q, k, v, scale ? *scale : 1 / std::sqrt(static_cast<double>(q.size(3))), causal);
#endif
        return composed(q, k, v, optional(mask), causal, scale ? c10::optional<double>(*scale) : c10::nullopt, grouped);
    });
}

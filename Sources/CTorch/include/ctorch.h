#pragma once
/* A C interface to the part of libtorch that Shearling calls. No C++ type and no exception passes through.

   Rules of every function here, unless its comment says otherwise:
   - It returns CT_OK or a status; after a failure `ct_last_message()` says why, `*out` is as it was and nothing leaks.
   - A `ct_tensor *` that comes out through `out` is owned by the caller: give it to `ct_tensor_free` once.
     Arguments stay the caller's. Several handles may share one memory (views, detached tensors).
   - Pointers are `_Nonnull` unless marked; lists are `count` handles long and may be empty.
   - An axis counts from 0, or from the end when negative. A shape is `rank` sizes.
   - Operations record gradients for the calling thread while `ct_gradient_mode()` is on.
   - Dtypes follow libtorch's promotion: a Double scalar never widens a floating tensor. */
#include <CBoundary.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_tensor ct_tensor;
typedef struct ct_generator ct_generator;
typedef struct ct_store ct_store;
typedef struct ct_group ct_group;
typedef struct ct_work ct_work;
typedef struct ct_decoder ct_decoder;

typedef enum ct_dtype : int32_t {
    CT_FLOAT32 = 0, CT_BFLOAT16, CT_FLOAT16, CT_INT64, CT_INT32, CT_UINT8, CT_BOOL, CT_FLOAT64,
    CT_INT8
} ct_dtype;

/* A device is -1 for the CPU or the index of a CUDA device. */
#define CT_CPU (-1)

/* ---- tensor.cpp: handles, making, describing, copying ---- */

/* Frees a handle; the memory goes with its last handle. NULL does nothing. */
void ct_tensor_free(ct_tensor *_Nullable tensor);
/* How many handles live in this process. */
intptr_t ct_live_tensors(void);
/* How many handles this thread has made less those it has freed: the same, unmoved by what other threads do. */
intptr_t ct_thread_balance(void);

/* A tensor of `shape` with every element `value`. */
CT_CHECKED ct_status ct_full(const intptr_t *_Nonnull shape, intptr_t rank, double value, ct_dtype dtype, int32_t device,
                             ct_tensor *_Nullable *_Nonnull out);
/* A tensor of `shape` whose memory is not set. */
CT_CHECKED ct_status ct_empty(const intptr_t *_Nonnull shape, intptr_t rank, ct_dtype dtype, int32_t device,
                              ct_tensor *_Nullable *_Nonnull out);
/* start, start + 1, ..., end - 1. */
CT_CHECKED ct_status ct_arange(intptr_t start, intptr_t end, ct_dtype dtype, int32_t device,
                               ct_tensor *_Nullable *_Nonnull out);
/* A copy, on the CPU, of `bytes` bytes at `data` in row-major order; `bytes` must be what shape and dtype need.
   `data` may be NULL when that is 0. */
CT_CHECKED ct_status ct_from_bytes(const void *_Nullable data, size_t bytes, const intptr_t *_Nonnull shape, intptr_t rank,
                                   ct_dtype dtype, ct_tensor *_Nullable *_Nonnull out);
/* A view, on the CPU, of memory that stays the owner's: `release(owner)` is called once, on whichever thread drops the
   last handle, or before this returns when it fails. The memory must be aligned to the dtype's size. */
CT_CHECKED ct_status ct_from_memory(void *_Nonnull data, size_t bytes, const intptr_t *_Nonnull shape, intptr_t rank,
                                    ct_dtype dtype, void *_Nonnull owner, void (*_Nonnull release)(void *_Nonnull owner),
                                    ct_tensor *_Nullable *_Nonnull out);

/* What a tensor is. These cannot fail. */
intptr_t ct_rank(const ct_tensor *_Nonnull tensor);
intptr_t ct_size(const ct_tensor *_Nonnull tensor, intptr_t axis); /* 0 <= axis < rank; 0 outside */
intptr_t ct_element_count(const ct_tensor *_Nonnull tensor);
int32_t ct_dtype_of(const ct_tensor *_Nonnull tensor); /* -1: a dtype outside ct_dtype */
int32_t ct_device_of(const ct_tensor *_Nonnull tensor);
bool ct_is_contiguous(const ct_tensor *_Nonnull tensor);
bool ct_shares_memory(const ct_tensor *_Nonnull a, const ct_tensor *_Nonnull b); /* the same storage */

/* The first element's address: a contiguous CPU tensor, else CT_INVALID_ARGUMENT. Valid while a handle lives. */
CT_CHECKED ct_status ct_data(const ct_tensor *_Nonnull tensor, void *_Nullable *_Nonnull out);
/* The one element, as a double. Waits for the device. */
CT_CHECKED ct_status ct_item(const ct_tensor *_Nonnull tensor, double *_Nonnull out);
/* The same values in another dtype or on another device; the same memory when nothing changes. Differentiable. */
CT_CHECKED ct_status ct_to_dtype(const ct_tensor *_Nonnull tensor, ct_dtype dtype, ct_tensor *_Nullable *_Nonnull out);
CT_CHECKED ct_status ct_to_device(const ct_tensor *_Nonnull tensor, int32_t device, ct_tensor *_Nullable *_Nonnull out);
/* The same memory, cut from the gradient graph. */
CT_CHECKED ct_status ct_detach(const ct_tensor *_Nonnull tensor, ct_tensor *_Nullable *_Nonnull out);
/* Memory of its own (row-major), the same values. Differentiable. */
CT_CHECKED ct_status ct_copy(const ct_tensor *_Nonnull tensor, ct_tensor *_Nullable *_Nonnull out);
CT_CHECKED ct_status ct_contiguous(const ct_tensor *_Nonnull tensor, ct_tensor *_Nullable *_Nonnull out);

/* ---- arithmetic.cpp: element by element, with broadcasting ---- */

typedef enum ct_unary_operation : int32_t {
    CT_NEGATE = 0, CT_EXP, CT_LOG, CT_LOG1P, CT_SQRT, CT_RSQRT, CT_SIGMOID, CT_LOG_SIGMOID, CT_SILU, CT_TANH, CT_ABS,
    CT_SQUARE, CT_RECIPROCAL, CT_SIN, CT_COS, CT_FLOOR, CT_ROUND, CT_SIGN, CT_RELU, CT_SOFTPLUS,
    CT_IS_FINITE,   /* -> bool */
    CT_LOGICAL_NOT, /* -> bool */
} ct_unary_operation;

typedef enum ct_binary_operation : int32_t {
    CT_ADD = 0, CT_SUBTRACT, CT_MULTIPLY, CT_DIVIDE, CT_POWER, CT_LARGER, CT_SMALLER,
    CT_GREATER, CT_GREATER_EQUAL, CT_LESS, CT_LESS_EQUAL, CT_EQUAL, CT_NOT_EQUAL, /* -> bool */
    CT_AND, CT_OR,                                                                /* logical -> bool */
} ct_binary_operation;

CT_CHECKED ct_status ct_unary(ct_unary_operation operation, const ct_tensor *_Nonnull tensor,
                              ct_tensor *_Nullable *_Nonnull out);
CT_CHECKED ct_status ct_binary(ct_binary_operation operation, const ct_tensor *_Nonnull a, const ct_tensor *_Nonnull b,
                               ct_tensor *_Nullable *_Nonnull out);
/* The scalar stands right (a op value), or left when `reversed` (value op a). */
CT_CHECKED ct_status ct_binary_scalar(ct_binary_operation operation, const ct_tensor *_Nonnull a, double value, bool reversed,
                                      ct_tensor *_Nullable *_Nonnull out);
/* Limits; NULL = none on that side, but not both. */
CT_CHECKED ct_status ct_clamp(const ct_tensor *_Nonnull tensor, const double *_Nullable low, const double *_Nullable high,
                              ct_tensor *_Nullable *_Nonnull out);
/* Where `condition` (bool or uint8) holds `a`, else `b`. */
CT_CHECKED ct_status ct_select(const ct_tensor *_Nonnull condition, const ct_tensor *_Nonnull a, const ct_tensor *_Nonnull b,
                               ct_tensor *_Nullable *_Nonnull out);
/* Matrix product; batches broadcast, rank 1 as a row or a column. Both of one dtype. */
CT_CHECKED ct_status ct_matmul(const ct_tensor *_Nonnull a, const ct_tensor *_Nonnull b, ct_tensor *_Nullable *_Nonnull out);

/* In place. A leaf that wants a gradient refuses while gradients are recorded. */
CT_CHECKED ct_status ct_add_in_place(ct_tensor *_Nonnull target, const ct_tensor *_Nonnull other, double scale);
CT_CHECKED ct_status ct_add_scalar_in_place(ct_tensor *_Nonnull target, double value);
CT_CHECKED ct_status ct_multiply_in_place(ct_tensor *_Nonnull target, const ct_tensor *_Nonnull other);
CT_CHECKED ct_status ct_multiply_scalar_in_place(ct_tensor *_Nonnull target, double value);
CT_CHECKED ct_status ct_copy_in_place(ct_tensor *_Nonnull target, const ct_tensor *_Nonnull source); /* converts dtype, device */
CT_CHECKED ct_status ct_fill_in_place(ct_tensor *_Nonnull target, double value);
CT_CHECKED ct_status ct_clamp_in_place(ct_tensor *_Nonnull target, const double *_Nullable low, const double *_Nullable high);

/* ---- reduction.cpp ---- */

typedef enum ct_reduction : int32_t {
    CT_SUM = 0, CT_MEAN, CT_MAXIMUM, CT_MINIMUM, CT_NORM, /* Euclidean */ CT_LOG_SUM_EXP, CT_ANY, CT_ALL
} ct_reduction;

/* Over `axes`, or over all when `count` is 0; with `keep` the axes stay with size 1. Integers and bools sum to int64. */
CT_CHECKED ct_status ct_reduce(ct_reduction reduction, const ct_tensor *_Nonnull tensor, const intptr_t *_Nonnull axes,
                               intptr_t count, bool keep, ct_tensor *_Nullable *_Nonnull out);
/* int64 index of the largest element along `axis`, that axis removed; the first of equals. */
CT_CHECKED ct_status ct_argmax(const ct_tensor *_Nonnull tensor, intptr_t axis, ct_tensor *_Nullable *_Nonnull out);
/* Stable. `indices` is int64. */
CT_CHECKED ct_status ct_sort(const ct_tensor *_Nonnull tensor, intptr_t axis, bool descending,
                             ct_tensor *_Nullable *_Nonnull values, ct_tensor *_Nullable *_Nonnull indices);
/* The `k` largest, largest first. Which of equals are taken is libtorch's choice. */
CT_CHECKED ct_status ct_top_k(const ct_tensor *_Nonnull tensor, intptr_t k, intptr_t axis,
                              ct_tensor *_Nullable *_Nonnull values, ct_tensor *_Nullable *_Nonnull indices);
CT_CHECKED ct_status ct_cumulative_sum(const ct_tensor *_Nonnull tensor, intptr_t axis, ct_tensor *_Nullable *_Nonnull out);
/* Whether no element is NaN or infinite. Waits for the device. */
CT_CHECKED ct_status ct_all_finite(const ct_tensor *_Nonnull tensor, bool *_Nonnull out);
/* Whether both have one shape, one dtype and the same values. Waits for the device. */
CT_CHECKED ct_status ct_identical(const ct_tensor *_Nonnull a, const ct_tensor *_Nonnull b, bool *_Nonnull out);

/* ---- shape.cpp: views where the layout allows it ---- */

/* One size may be -1. Copies when the layout asks for it; `ct_view` fails instead. */
CT_CHECKED ct_status ct_reshape(const ct_tensor *_Nonnull tensor, const intptr_t *_Nonnull shape, intptr_t rank,
                                ct_tensor *_Nullable *_Nonnull out);
CT_CHECKED ct_status ct_view(const ct_tensor *_Nonnull tensor, const intptr_t *_Nonnull shape, intptr_t rank,
                             ct_tensor *_Nullable *_Nonnull out);
CT_CHECKED ct_status ct_transpose(const ct_tensor *_Nonnull tensor, intptr_t axis, intptr_t other,
                                  ct_tensor *_Nullable *_Nonnull out);
CT_CHECKED ct_status ct_permute(const ct_tensor *_Nonnull tensor, const intptr_t *_Nonnull axes, intptr_t count,
                                ct_tensor *_Nullable *_Nonnull out);
/* Elements start ..< end of an axis, 0 <= start <= end <= size (nothing is clamped), a view. */
CT_CHECKED ct_status ct_slice(const ct_tensor *_Nonnull tensor, intptr_t axis, intptr_t start, intptr_t end,
                              ct_tensor *_Nullable *_Nonnull out);
/* Element `index` of an axis, the axis removed, a view. */
CT_CHECKED ct_status ct_select_index(const ct_tensor *_Nonnull tensor, intptr_t axis, intptr_t index,
                                     ct_tensor *_Nullable *_Nonnull out);
/* The elements of an axis that `indices` (rank 1, int64 or int32) names, in its order; a copy. */
CT_CHECKED ct_status ct_index_select(const ct_tensor *_Nonnull tensor, intptr_t axis, const ct_tensor *_Nonnull indices,
                                     ct_tensor *_Nullable *_Nonnull out);
/* out[.., i, ..] = tensor[.., indices[.., i, ..], ..] along `axis`; `indices` is int64 of the same rank. */
CT_CHECKED ct_status ct_gather(const ct_tensor *_Nonnull tensor, intptr_t axis, const ct_tensor *_Nonnull indices,
                               ct_tensor *_Nullable *_Nonnull out);
/* A copy in which out[.., indices[.., i, ..], ..] = source[.., i, ..] along `axis`. */
CT_CHECKED ct_status ct_scatter(const ct_tensor *_Nonnull tensor, intptr_t axis, const ct_tensor *_Nonnull indices,
                                const ct_tensor *_Nonnull source, ct_tensor *_Nullable *_Nonnull out);
/* Sizes 1 grow to `shape` without copying; -1 keeps a size. */
CT_CHECKED ct_status ct_expand(const ct_tensor *_Nonnull tensor, const intptr_t *_Nonnull shape, intptr_t rank,
                               ct_tensor *_Nullable *_Nonnull out);
CT_CHECKED ct_status ct_unsqueeze(const ct_tensor *_Nonnull tensor, intptr_t axis, ct_tensor *_Nullable *_Nonnull out);
/* Removes an axis of size 1; another size is CT_INVALID_ARGUMENT. */
CT_CHECKED ct_status ct_squeeze(const ct_tensor *_Nonnull tensor, intptr_t axis, ct_tensor *_Nullable *_Nonnull out);
/* Each element of an axis `times` times in a row. */
CT_CHECKED ct_status ct_repeat_interleave(const ct_tensor *_Nonnull tensor, intptr_t times, intptr_t axis,
                                          ct_tensor *_Nullable *_Nonnull out);
/* At least one tensor. */
CT_CHECKED ct_status ct_concatenate(const ct_tensor *_Nonnull const *_Nonnull tensors, intptr_t count, intptr_t axis,
                                    ct_tensor *_Nullable *_Nonnull out);
CT_CHECKED ct_status ct_stack(const ct_tensor *_Nonnull const *_Nonnull tensors, intptr_t count, intptr_t axis,
                              ct_tensor *_Nullable *_Nonnull out);
/* Elements on and below (upper = false) or on and above the `diagonal`, the rest 0. */
CT_CHECKED ct_status ct_triangle(const ct_tensor *_Nonnull tensor, bool upper, intptr_t diagonal,
                                 ct_tensor *_Nullable *_Nonnull out);

/* ---- neural.cpp ---- */

/* input [.., K], weight [N, K], bias [N] or NULL -> [.., N]. */
CT_CHECKED ct_status ct_linear(const ct_tensor *_Nonnull input, const ct_tensor *_Nonnull weight,
                               const ct_tensor *_Nullable bias, ct_tensor *_Nullable *_Nonnull out);
/* weight [V, H], indices [..] int64 or int32 in 0 ..< V -> [.., H]. */
CT_CHECKED ct_status ct_embedding(const ct_tensor *_Nonnull weight, const ct_tensor *_Nonnull indices,
                                  ct_tensor *_Nullable *_Nonnull out);
CT_CHECKED ct_status ct_softmax(const ct_tensor *_Nonnull tensor, intptr_t axis, bool logarithm,
                                ct_tensor *_Nullable *_Nonnull out);
/* query [B, N, T, D], key and value [B, N or K, S, D] -> [B, N, T, D]. `mask` (NULL: none): bool, true = attend, or a
   float tensor that is added; broadcasts to [B, N, T, S]. `causal` and a mask exclude each other. `scale` NULL:
   1/sqrt(D). `grouped`: N is a multiple of K and query head n reads key head n / (N / K). */
CT_CHECKED ct_status ct_attention(const ct_tensor *_Nonnull query, const ct_tensor *_Nonnull key,
                                  const ct_tensor *_Nonnull value, const ct_tensor *_Nullable mask, bool causal,
                                  const double *_Nullable scale, bool grouped, ct_tensor *_Nullable *_Nonnull out);
/* logits [.., V], targets [..] int64; `ignored` marks targets that do not count -> float32 [..] (float64 for float64), nats, 0 where ignored. */
CT_CHECKED ct_status ct_cross_entropy(const ct_tensor *_Nonnull logits, const ct_tensor *_Nonnull targets, intptr_t ignored,
                                      ct_tensor *_Nullable *_Nonnull out);

/* ---- kernels/: fused operations, each with a forward and a backward of its own ---- */

/* Root-mean-square norm over the last axis: input [.., H], weight [H], mask [H] or NULL -> the dtype of `input`.
   out = input * rsqrt(sum(input^2 * [mask != 0]) / count(mask != 0) + epsilon) * weight * mask, inside in float32. */
CT_CHECKED ct_status ct_rms_norm(const ct_tensor *_Nonnull input, const ct_tensor *_Nonnull weight,
                                 const ct_tensor *_Nullable mask, double epsilon, ct_tensor *_Nullable *_Nonnull out);
/* silu(gate) * up * mask: gate, up [.., M], mask [M] or NULL. */
CT_CHECKED ct_status ct_swiglu(const ct_tensor *_Nonnull gate, const ct_tensor *_Nonnull up, const ct_tensor *_Nullable mask,
                               ct_tensor *_Nullable *_Nonnull out);
/* base + input * scale: base (NULL: 0) and input [.., H], scale [H] of any floating dtype, inside in float32. */
CT_CHECKED ct_status ct_add_scaled(const ct_tensor *_Nullable base, const ct_tensor *_Nonnull input,
                                   const ct_tensor *_Nonnull scale, ct_tensor *_Nullable *_Nonnull out);
/* out[i, j] = matrix[rows[i], columns[j]] of a contiguous floating matrix, a copy without gradient; indices [n] int64 on the
   matrix's device, NULL: all of the axis. CT_INDEX for one outside it, which a GPU finds later, as it does with all indices. */
CT_CHECKED ct_status ct_gather_block(const ct_tensor *_Nonnull matrix, const ct_tensor *_Nullable rows,
                                     const ct_tensor *_Nullable columns, ct_tensor *_Nullable *_Nonnull out);
/* matrix[rows[i], columns[j]] += block[i, j], one dtype, without gradient. The indices of an axis differ. */
CT_CHECKED ct_status ct_add_block(ct_tensor *_Nonnull matrix, const ct_tensor *_Nonnull block, const ct_tensor *_Nullable rows,
                                  const ct_tensor *_Nullable columns);
/* Rotary embedding, half-split: input [B, N, T, D], cosines and sines [T, D/2] or [B, 1, T, D/2] float32. */
CT_CHECKED ct_status ct_rotary(const ct_tensor *_Nonnull input, const ct_tensor *_Nonnull cosines,
                               const ct_tensor *_Nonnull sines, ct_tensor *_Nullable *_Nonnull out);
/* Cross-entropy of the rows of hidden [N, H] against weight [V, H] (one dtype), targets [N] int64, -1 = not counted
   -> float32 [N] (float64 for float64), nats. The float32 logits never exist as a whole. */
CT_CHECKED ct_status ct_linear_cross_entropy(const ct_tensor *_Nonnull hidden, const ct_tensor *_Nonnull weight,
                                             const ct_tensor *_Nonnull targets, ct_tensor *_Nullable *_Nonnull out);
/* Distillation through linear heads, student and teacher of one dtype and vocabulary: hidden [N, H] with weight [V, H]
   against teacher_hidden [N, G] with teacher_weight [V, G], targets as above, 0 <= share <= 1, temperature > 0.
   `losses` [N] = share * divergence + (1 - share) * cross-entropy, differentiable in hidden and weight; `parts` [2, N]
   holds the two, without gradients. divergence = temperature^2 * KL(softmax(teacher / temperature) || softmax(student /
   temperature)). All float32 (float64 for float64), nats, 0 where a target is -1. */
CT_CHECKED ct_status ct_linear_distillation(const ct_tensor *_Nonnull hidden, const ct_tensor *_Nonnull weight,
                                            const ct_tensor *_Nonnull teacher_hidden, const ct_tensor *_Nonnull teacher_weight,
                                            const ct_tensor *_Nonnull targets, double share, double temperature,
                                            ct_tensor *_Nullable *_Nonnull losses, ct_tensor *_Nullable *_Nonnull parts);

/* ---- kernels/: products with quantised weights; no gradients ---- */

/* Weights [N, K] int8, K up to 65536, in the form that this processor multiplies fastest: rank 3 where it has one, else
   the weights themselves. */
CT_CHECKED ct_status ct_int8_pack(const ct_tensor *_Nonnull weight, ct_tensor *_Nullable *_Nonnull out);
/* input [.., K] floating, weight [N, K] int8 or what ct_int8_pack made of it, `outputs` N, scales [N] float32, bias [N]
   floating or NULL -> [.., N] of input's dtype. Of each row a = max|x| / 127, q = x / a to the nearest (ties to even);
   out = (q . w) * (a * scale) + bias with exact integer sums, the rest in float32. */
CT_CHECKED ct_status ct_int8_linear(const ct_tensor *_Nonnull input, const ct_tensor *_Nonnull weight, intptr_t outputs,
                                    const ct_tensor *_Nonnull scales, const ct_tensor *_Nullable bias,
                                    ct_tensor *_Nullable *_Nonnull out);
/* input [.., K] floating; weight [N, K / 2] uint8, byte j of a group of `group` (32, 64 or 128) inputs holding input j low
   and input j + group / 2 high; scales and offsets [N, K / group] float32; bias [N] floating or NULL -> [.., N] of input's
   dtype: out = x . (scale * (q - 8) + offset) + bias. */
CT_CHECKED ct_status ct_int4_linear(const ct_tensor *_Nonnull input, const ct_tensor *_Nonnull weight, intptr_t group,
                                    const ct_tensor *_Nonnull scales, const ct_tensor *_Nonnull offsets,
                                    const ct_tensor *_Nullable bias, ct_tensor *_Nullable *_Nonnull out);

/* ---- kernels/decoder.cpp: one token of one sequence through all blocks of a model in one call; no gradients ---- */

/* A matrix that a decoder multiplies one row with. Everything is on the CPU, row by row without gaps; memory is shared, so that
   weights may change between steps. */
typedef struct ct_projection {
    /* [outputs, inputs], or [inputs, outputs] when `transposed`, of the decoder's dtype; with scales int8 as of ct_int8_linear. */
    const ct_tensor *_Nonnull weight;
    const ct_tensor *_Nullable scales; /* [outputs] float32 */
    const ct_tensor *_Nullable bias;   /* [outputs] of the decoder's dtype; read when the decoder is made where there are scales */
    intptr_t outputs;
    bool transposed; /* only `down`, without scales */
} ct_projection;

/* A decoder without blocks: heads of `head_size` channels, final_norm [H] float32 or bfloat16, which is the decoder's dtype.
   One thread at a time. */
CT_CHECKED ct_status ct_decoder_make(intptr_t head_size, double epsilon, const ct_tensor *_Nonnull final_norm,
                                     ct_decoder *_Nullable *_Nonnull out);
void ct_decoder_free(ct_decoder *_Nullable decoder);
/* Adds half a block: RMSNorm (norm [H]), projections, rotary positions, attention over the cache, output projection, sum with the
   stream. keys and values [1, key_heads, positions, head_size] are the cache's memory. */
CT_CHECKED ct_status ct_decoder_add_attention(ct_decoder *_Nonnull decoder, const ct_tensor *_Nonnull norm, const ct_projection *_Nonnull query,
                                              const ct_projection *_Nonnull key, const ct_projection *_Nonnull value,
                                              const ct_projection *_Nonnull output, intptr_t query_heads, intptr_t key_heads,
                                              const ct_tensor *_Nonnull keys, const ct_tensor *_Nonnull values);
/* Adds half a block: RMSNorm (norm [H]), down(silu(gate) * up), sum with the stream. */
CT_CHECKED ct_status ct_decoder_add_feed_forward(ct_decoder *_Nonnull decoder, const ct_tensor *_Nonnull norm,
                                                 const ct_projection *_Nonnull gate, const ct_projection *_Nonnull up,
                                                 const ct_projection *_Nonnull down);
/* stream, H numbers: the token's embedding; cosines and sines, head_size / 2 float32: the angles of `position`, which counts from
   0 and below which the cache is filled -> what the head reads, in the shape of `stream`. The cache gets the token's keys and
   values. Inside in float32; the bits do not depend on the number of threads. */
CT_CHECKED ct_status ct_decoder_step(ct_decoder *_Nonnull decoder, const ct_tensor *_Nonnull stream, const ct_tensor *_Nonnull cosines,
                                     const ct_tensor *_Nonnull sines, intptr_t position, ct_tensor *_Nullable *_Nonnull out);

/* ---- autograd.cpp ---- */

/* Whether operations of this thread record gradients. */
bool ct_gradient_mode(void);
void ct_set_gradient_mode(bool on);
bool ct_requires_gradient(const ct_tensor *_Nonnull tensor);
/* A leaf of a floating dtype, else CT_INVALID_ARGUMENT. */
CT_CHECKED ct_status ct_set_requires_gradient(ct_tensor *_Nonnull tensor, bool on);
/* The accumulated gradient; `*out` becomes NULL when there is none. */
CT_CHECKED ct_status ct_gradient(const ct_tensor *_Nonnull tensor, ct_tensor *_Nullable *_Nonnull out);
/* NULL removes it. Shape, dtype and device must be the tensor's. */
CT_CHECKED ct_status ct_set_gradient(ct_tensor *_Nonnull tensor, const ct_tensor *_Nullable gradient);
/* Adds d(output)/d(leaf) to the gradient of every leaf. `gradient` NULL: output must have one element. */
CT_CHECKED ct_status ct_backward(const ct_tensor *_Nonnull output, const ct_tensor *_Nullable gradient, bool retain);
/* Several outputs at once, each with its gradient (a NULL gradient as above). */
CT_CHECKED ct_status ct_backward_many(const ct_tensor *_Nonnull const *_Nonnull outputs,
                                      const ct_tensor *_Nullable const *_Nonnull gradients, intptr_t count);
/* d(output)/d(input) for each input into `out[0 ..< count]` without touching the leaves' gradients;
   NULL for an input that does not take part when `allow_unused`, else that is CT_INVALID_ARGUMENT. */
CT_CHECKED ct_status ct_gradients(const ct_tensor *_Nonnull output, const ct_tensor *_Nullable gradient,
                                  const ct_tensor *_Nonnull const *_Nonnull inputs, intptr_t count, bool allow_unused,
                                  bool retain, ct_tensor *_Nullable *_Nonnull out);

/* ---- optimize.cpp: lists of tensors in one call; no gradients are recorded ---- */

/* One AdamW step with decoupled weight decay on float32 `masters` with float32 moments; `gradients` may be float32 or
   bfloat16 or float16 and are multiplied by `gradient_scale` on the way. `values` (NULL: none, or NULL among them) become
   their masters, in their own dtype. `step` counts from 1. `maximize` ascends. */
typedef struct ct_adamw {
    double rate, beta1, beta2, epsilon, weight_decay, gradient_scale;
    int64_t step;
    bool maximize;
} ct_adamw;
CT_CHECKED ct_status ct_adamw_step(ct_tensor *_Nonnull const *_Nonnull masters, const ct_tensor *_Nonnull const *_Nonnull gradients,
                                   ct_tensor *_Nonnull const *_Nonnull first, ct_tensor *_Nonnull const *_Nonnull second,
                                   ct_tensor *_Nullable const *_Nullable values, intptr_t count, ct_adamw settings);
/* The Euclidean norm of all elements of all tensors, summed in double. 0 for an empty list. */
CT_CHECKED ct_status ct_global_norm(const ct_tensor *_Nonnull const *_Nonnull tensors, intptr_t count, double *_Nonnull out);
/* The same as a float64 scalar on the tensors' device (`device` for an empty list), without waiting for it. */
CT_CHECKED ct_status ct_global_norm_tensor(const ct_tensor *_Nonnull const *_Nonnull tensors, intptr_t count, int32_t device,
                                           ct_tensor *_Nullable *_Nonnull out);
/* target += scale * source, pair by pair; dtypes may differ. */
CT_CHECKED ct_status ct_accumulate(ct_tensor *_Nonnull const *_Nonnull targets, const ct_tensor *_Nonnull const *_Nonnull sources,
                                   intptr_t count, double scale);
/* target = source, pair by pair; dtypes may differ. */
CT_CHECKED ct_status ct_copy_many(ct_tensor *_Nonnull const *_Nonnull targets, const ct_tensor *_Nonnull const *_Nonnull sources,
                                  intptr_t count);
CT_CHECKED ct_status ct_zero_many(ct_tensor *_Nonnull const *_Nonnull targets, intptr_t count);

/* ---- random.cpp ---- */

CT_CHECKED ct_status ct_generator_make(uint64_t seed, int32_t device, ct_generator *_Nullable *_Nonnull out);
void ct_generator_free(ct_generator *_Nullable generator);
/* The whole state: uint8, rank 1, on the CPU. */
CT_CHECKED ct_status ct_generator_state(const ct_generator *_Nonnull generator, ct_tensor *_Nullable *_Nonnull out);
CT_CHECKED ct_status ct_generator_set_state(ct_generator *_Nonnull generator, const ct_tensor *_Nonnull state);
CT_CHECKED ct_status ct_normal(ct_generator *_Nonnull generator, const intptr_t *_Nonnull shape, intptr_t rank, double mean,
                               double deviation, ct_dtype dtype, int32_t device, ct_tensor *_Nullable *_Nonnull out);
/* low <= value < high. */
CT_CHECKED ct_status ct_uniform(ct_generator *_Nonnull generator, const intptr_t *_Nonnull shape, intptr_t rank, double low,
                                double high, ct_dtype dtype, int32_t device, ct_tensor *_Nullable *_Nonnull out);
/* `count` draws with replacement from the rows of `weights` ([V] or [R, V], not negative) -> int64. */
CT_CHECKED ct_status ct_multinomial(ct_generator *_Nonnull generator, const ct_tensor *_Nonnull weights, intptr_t count,
                                    ct_tensor *_Nullable *_Nonnull out);

/* ---- device.cpp ---- */

/* The version of the libtorch that is loaded, such as "2.11.0", and of the headers this was built with. Static text. */
const char *_Nonnull ct_library_version(void);
const char *_Nonnull ct_header_version(void);
/* The instruction set that libtorch's own kernels use, such as "AVX512". Static text. */
const char *_Nonnull ct_cpu_capability(void);
int32_t ct_threads(void);
/* At least 1. */
CT_CHECKED ct_status ct_set_threads(int32_t count);
/* On how many threads a loop of a kernel of ours runs, found by running one: as many, where libtorch's pool was found. */
int32_t ct_loop_threads(void);
/* Whether only deterministic algorithms run; on from the start. */
bool ct_deterministic(void);
void ct_set_deterministic(bool on);
/* Loads libtorch_cuda.so, which lies beside libtorch_cpu.so, and counts devices; CT_UNSUPPORTED with the way out when it
   cannot be loaded. Called before the first tensor on a CUDA device, and before the first backward pass. */
CT_CHECKED ct_status ct_open_cuda(int32_t *_Nonnull device_count);
/* Waits until a CUDA device has finished. */
CT_CHECKED ct_status ct_synchronize(int32_t device);

/* ---- block_cache.cpp ---- */

/* Gives memory that no tensor and no object uses back to the system: that kept for tensors, and malloc's. */
void ct_release_unused_memory(void);
/* Bytes of CPU memory that tensors of this process hold now, and the most since the count was set back. */
int64_t ct_held_bytes(void);
int64_t ct_most_held_bytes(void);
void ct_forget_most_held_bytes(void);

/* ---- profile.cpp: where the time of the calling thread goes ---- */

/* From here on each operation of this thread is timed: libtorch's, those of this interface, nodes of backward passes; each
   without the ones that it calls. CT_INVALID_ARGUMENT when that has begun already. */
CT_CHECKED ct_status ct_profile_begin(void);
/* What follows on this thread belongs to this phase, "" to none. Does nothing where no profile is taken. */
CT_CHECKED ct_status ct_profile_phase(const char *_Nonnull phase);
/* Tells each phase as a whole (`operation` NULL) and each operation in it, and ends the profile. Texts live during the call. */
typedef void (*ct_profile_row)(void *_Nonnull context, const char *_Nonnull phase, const char *_Nullable operation, int64_t calls,
                               double seconds);
CT_CHECKED ct_status ct_profile_end(void *_Nonnull context, ct_profile_row _Nonnull row);

/* ---- process_group.cpp: several processes as one, over c10d (TCPStore, Gloo, and NCCL from a library of its own) ---- */

/* How many stores, groups and works live in this process. */
intptr_t ct_live_group_handles(void);

/* A connection to a key-value store that processes share, tried for `seconds`; CT_IO when nobody answers. `serve`: this
   process keeps the store (`port` 0: any free one) until its last handle is freed. `prefix` ("": none) stands before every
   key. `seconds` is also the limit of later calls, but a keeper that is stopped, not dead, can hold a caller for ever.
   Handles may be used from several threads, one call at a time each. */
CT_CHECKED ct_status ct_store_open(const char *_Nonnull host, uint16_t port, bool serve, const char *_Nonnull prefix,
                                   double seconds, ct_store *_Nullable *_Nonnull out);
/* A connection of its own to the same store, with the same prefix. */
CT_CHECKED ct_status ct_store_clone(ct_store *_Nonnull store, ct_store *_Nullable *_Nonnull out);
void ct_store_free(ct_store *_Nullable store);
/* The port of a store that was opened, 0 for a clone. */
uint16_t ct_store_port(const ct_store *_Nonnull store);
/* `bytes` may be NULL when `count` is 0. */
CT_CHECKED ct_status ct_store_set(ct_store *_Nonnull store, const char *_Nonnull key, const void *_Nullable bytes, size_t count);
/* The bytes under a key (uint8, rank 1, on the CPU), waiting for it at most `seconds`; NULL when it is not there then. */
CT_CHECKED ct_status ct_store_get(ct_store *_Nonnull store, const char *_Nonnull key, double seconds,
                                  ct_tensor *_Nullable *_Nonnull out);

/* Rank `rank` of a group of `size` processes, all of which make it under the same store and prefix: waits for them, at most
   `seconds`, which is also the limit of each later operation. `interface` (such as "eth0") or else `host` says by which
   address the others reach this process; both NULL: what this machine's name resolves to, else the loopback. */
CT_CHECKED ct_status ct_group_make(ct_store *_Nonnull store, int32_t rank, int32_t size, const char *_Nullable interface,
                                   const char *_Nullable host, double seconds, ct_group *_Nullable *_Nonnull out);
/* Loads what exchanges between GPUs need: CUDA with this device, and libshearling_nccl.so. CT_UNSUPPORTED with the reason when
   something is missing. */
CT_CHECKED ct_status ct_nccl_open(int32_t device);
/* The same for tensors of one CUDA device (NCCL), after `ct_nccl_open`. It meets the others in its first operation. Operations
   begin on a thread of the group's own, so that none of its functions waits for another rank but `ct_work_wait`; a refusal of
   NCCL's comes from there. All but a barrier. */
CT_CHECKED ct_status ct_group_make_nccl(ct_store *_Nonnull store, int32_t rank, int32_t size, int32_t device, double seconds,
                                        ct_group *_Nullable *_Nonnull out);
/* Frees a group. Its threads end first; after an operation that failed or has not ended that may take the whole time limit:
   `abandoned` leaves them to the end of the process. Of a group of GPUs the operations under way are then broken off. */
void ct_group_free(ct_group *_Nullable group, bool abandoned);

/* Each of these begins one operation that all ranks begin in the same order; `ct_work_wait` tells its end, until which the
   tensors must not be touched. Tensors are contiguous, on the group's device and without a gradient, of one dtype and size
   everywhere. */

/* Every rank's tensor becomes the sum (or maximum) over all ranks, the same bits everywhere. */
CT_CHECKED ct_status ct_group_all_reduce(ct_group *_Nonnull group, ct_tensor *_Nonnull tensor, bool maximum,
                                         ct_work *_Nullable *_Nonnull out);
/* `output` becomes this rank's part of the sum of all `input`s: part r of `size` equal ones. */
CT_CHECKED ct_status ct_group_reduce_scatter(ct_group *_Nonnull group, const ct_tensor *_Nonnull input, ct_tensor *_Nonnull output,
                                             ct_work *_Nullable *_Nonnull out);
/* `output` becomes all ranks' `input`s, in the order of ranks. */
CT_CHECKED ct_status ct_group_all_gather(ct_group *_Nonnull group, const ct_tensor *_Nonnull input, ct_tensor *_Nonnull output,
                                         ct_work *_Nullable *_Nonnull out);
/* Every rank's tensor becomes that of `root`. */
CT_CHECKED ct_status ct_group_broadcast(ct_group *_Nonnull group, ct_tensor *_Nonnull tensor, int32_t root,
                                        ct_work *_Nullable *_Nonnull out);
/* Ends when every rank has begun it. */
CT_CHECKED ct_status ct_group_barrier(ct_group *_Nonnull group, ct_work *_Nullable *_Nonnull out);

/* Waits at most `seconds`; `*done` says whether the operation has ended: also on the GPU, and for the calling thread's stream.
   CT_IO when it failed: a process has ended, or the group's time limit has passed. */
CT_CHECKED ct_status ct_work_wait(ct_work *_Nonnull work, double seconds, bool *_Nonnull done);
/* The operation goes on, with its tensors kept alive. */
void ct_work_free(ct_work *_Nullable work);

#ifdef __cplusplus
}
#endif

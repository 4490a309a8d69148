#include "int8_product.hpp"

using namespace shearling;
using namespace shearling::int8;

// Products of rows that are quantised as they come with weights that were quantised before: integer sums are exact, so
// every path gives the same sums, whatever order it adds in.
//   packed    the form `ct_int8_pack` makes for processors with AVX512-VNNI: 16 output channels side by side, four inputs
//             of each in one 32-bit word, so that one instruction multiplies four inputs of 16 channels;
//   plain     [N, K] on other processors: loops for few rows, the library's `_int_mm` for many;
//   CUDA      the library's `_int_mm`, rows padded to the 32 that it asks for;
//   composed  library operations in float64, for every dtype and device: the reference.

namespace {

at::Tensor composed(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &scales, const at::Tensor &bias) {
    const at::Tensor values = x.to(at::kFloat), most = values.abs().amax(-1, true);
    const at::Tensor inverse = at::where(most == 0, at::zeros_like(most), 127 / most);
    const at::Tensor q = (values * inverse).round(), sums = at::matmul(q.to(at::kDouble), weight.to(at::kDouble).t());
    const at::Tensor y = sums.to(at::kFloat) * (most / 127 * scales);
    return (bias.defined() ? y + bias.to(at::kFloat) : y).to(x.scalar_type());
}

#if defined(__x86_64__)

template <class T>
void packed_product(const at::Tensor &x, const at::Tensor &weight, const float *scales, const float *bias, int64_t outputs, const at::Tensor &y) {
    const int64_t rows = x.size(0), width = x.size(1), words = weight.size(1) - 1, stride = words * inputs;
    const int64_t blocks = weight.size(0), groups = (blocks + 3) / 4;
    const at::Tensor bytes = at::empty({rows, stride}, x.options().dtype(at::kByte)), row_scales = at::empty({rows}, x.options().dtype(at::kFloat));
    quantise_rows(elements<T>(x), rows, width, stride, 0x80, mutable_elements<uint8_t>(bytes), mutable_elements<float>(row_scales));
    // Pieces of 96 rows by 64 channels, the channels innermost, so that a piece's rows stay in the cache.
    const int64_t chunk = 96, chunks = (rows + chunk - 1) / chunk, work = std::min(rows, chunk) * stride * 4 * channels;
    parallel_for(0, chunks * groups, std::max<int64_t>(1, (int64_t(1) << 18) / std::max<int64_t>(work, 1)), [&](int64_t begin, int64_t end) {
        for (int64_t piece = begin; piece < end; ++piece) {
            const int64_t first_row = piece / groups * chunk, first_block = piece % groups * 4;
            rows_by_blocks(first_row, std::min(rows, first_row + chunk), first_block, std::min<int64_t>(4, blocks - first_block), elements<uint8_t>(bytes),
                           elements<float>(row_scales), elements<int8_t>(weight), words, outputs, scales, bias, mutable_elements<T>(y));
        }
    });
}

#endif

/// Loops over [N, K], for a few rows.
template <class T>
void plain_product(const at::Tensor &x, const at::Tensor &weight, const float *scales, const float *bias, const at::Tensor &y) {
    const int64_t rows = x.size(0), width = x.size(1), outputs = weight.size(0);
    const at::Tensor bytes = at::empty({rows, width}, x.options().dtype(at::kByte)), row_scales = at::empty({rows}, x.options().dtype(at::kFloat));
    quantise_rows(elements<T>(x), rows, width, width, 0, mutable_elements<uint8_t>(bytes), mutable_elements<float>(row_scales));
    parallel_for(0, outputs, std::max<int64_t>(1, 65536 / std::max<int64_t>(width, 1)), [&](int64_t begin, int64_t end) {
        for (int64_t row = 0; row < rows; ++row)
            plain_row(static_cast<const int8_t *>(bytes.const_data_ptr()) + row * width, elements<float>(row_scales)[row], width,
                      elements<int8_t>(weight), begin, end, scales, bias, mutable_elements<T>(y) + row * outputs);
    });
}

/// The library's product of bytes, between a quantisation and a scaling by library operations.
at::Tensor library_product(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &scales, const at::Tensor &bias) {
    const at::Tensor values = x.to(at::kFloat), most = values.abs().amax(-1, true);
    at::Tensor q = (values * at::where(most == 0, at::zeros_like(most), 127 / most)).round().to(at::kChar);
    const int64_t rows = q.size(0), padded = x.is_cuda() ? std::max<int64_t>((rows + 7) / 8 * 8, 32) : rows;
    if (padded > rows) q = at::constant_pad_nd(q, {0, 0, 0, padded - rows});
    const at::Tensor y = at::_int_mm(q, weight.t()).slice(0, 0, rows).to(at::kFloat) * (most / 127 * scales);
    return (bias.defined() ? y + bias.to(at::kFloat) : y).to(x.scalar_type());
}

at::Tensor product(const at::Tensor &x, const at::Tensor &weight, int64_t outputs, const at::Tensor &scales, const at::Tensor &bias) {
    const bool packed = weight.dim() == 3;
    if (!packed && x.is_cuda() && x.size(1) % 8 == 0 && outputs % 8 == 0) return library_product(x, weight, scales, bias);
    if (!has_kernel(x)) {
        require(!packed, "packed weights multiply float32 and bfloat16 on the CPU, not " + describe(x));
        return composed(x, weight, scales, bias);
    }
    constexpr int64_t few = 16;
    if (!packed && x.size(0) > few) return library_product(x, weight, scales, bias);
    const at::Tensor y = at::empty({x.size(0), outputs}, x.options());
    const at::Tensor offset = bias.defined() ? bias.to(at::kFloat).contiguous() : bias;
    const float *add = bias.defined() ? elements<float>(offset) : nullptr;
    with_element(x, [&](auto element) {
        using T = decltype(element);
        if (!packed) return plain_product<T>(x, weight, elements<float>(scales), add, y);
#if defined(__x86_64__)
        require(has_vnni(), "these weights were packed for a processor with AVX512-VNNI");
        packed_product<T>(x, weight, elements<float>(scales), add, outputs, y);
#endif
    });
    return y;
}

}  // namespace

ct_status ct_int8_pack(const ct_tensor *weight, ct_tensor **out) {
    return produce(out, [&] {
        const c10::NoGradGuard guard;
        const at::Tensor &w = weight->value;
        require(w.dim() == 2 && w.scalar_type() == at::kChar && w.size(1) >= 1 && w.size(1) <= widest,
                "weights of bytes are [outputs, inputs] int8 with 1 to " + std::to_string(widest) + " inputs, not " + describe(w));
#if defined(__x86_64__)
        if (w.device().is_cpu() && has_vnni()) {
            const int64_t outputs = w.size(0), width = w.size(1);
            const int64_t blocks = (outputs + channels - 1) / channels, words = (width + inputs - 1) / inputs;
            const at::Tensor padded = at::constant_pad_nd(w, {0, words * inputs - width, 0, blocks * channels - outputs});
            const at::Tensor body = padded.reshape({blocks, channels, words, inputs}).transpose(1, 2).reshape({blocks, words, word});
            const at::Tensor shift = (padded.sum(1, false, at::kInt) * 128).reshape({blocks, 1, channels}).view(at::kChar);
            return at::cat({body, shift}, 1).contiguous();
        }
#endif
        return w.contiguous();
    });
}

ct_status ct_int8_linear(const ct_tensor *input, const ct_tensor *weight, intptr_t outputs, const ct_tensor *scales, const ct_tensor *bias, ct_tensor **out) {
    return produce(out, [&] {
        const c10::NoGradGuard guard;
        const at::Tensor &x = input->value, &w = weight->value, &s = scales->value, b = bias ? bias->value : at::Tensor();
        require(x.dim() >= 1 && at::isFloatingType(x.scalar_type()), "a product with bytes needs floating rows, not " + describe(x));
        const int64_t width = x.size(-1);
        const bool plain = w.dim() == 2 && w.size(0) == outputs && w.size(1) == width && width <= widest;
        const bool packed = w.dim() == 3 && w.size(2) == word && w.size(0) == (outputs + channels - 1) / channels &&
                            w.size(1) == (width + inputs - 1) / inputs + 1;
        require(w.scalar_type() == at::kChar && w.is_contiguous() && width >= 1 && outputs >= 1 && (plain || packed),
                "weights " + describe(w) + " do not take " + describe(x) + " to " + std::to_string(outputs) + " outputs");
        require(s.dim() == 1 && s.size(0) == outputs && s.scalar_type() == at::kFloat && s.is_contiguous(),
                "scales " + describe(s) + " are not one float32 for each of " + std::to_string(outputs) + " outputs");
        require(!bias || (b.dim() == 1 && b.size(0) == outputs), "the bias does not fit " + std::to_string(outputs) + " outputs");
        at::DimVector shape(x.sizes().begin(), x.sizes().end());
        shape.back() = outputs;
        if (x.numel() == 0) return at::empty(shape, x.options());
        return product(x.reshape({-1, width}).contiguous(), w, outputs, s, b).reshape(shape);
    });
}

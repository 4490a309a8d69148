#include "vectorised.hpp"

#include <c10/core/GradMode.h>

using namespace shearling;

// Products with weights of half a byte: weight = scale * (q - 8) + offset, scale and offset of a group of inputs of one
// output channel. Byte j of a group of G inputs holds q of input j low and of input j + G/2 high, so that both halves
// unpack to neighbours. For a few rows each weight is unpacked on its way to the sums; for many, all of them are unpacked
// first and the library multiplies.

namespace {

constexpr int64_t largest_group = 128, lanes = 16;

/// The weights [N, K] as numbers of a dtype, by library operations.
at::Tensor unpacked(const at::Tensor &weight, int64_t group, const at::Tensor &scales, const at::Tensor &offsets, at::ScalarType type) {
    const int64_t outputs = weight.size(0), width = 2 * weight.size(1);
    const at::Tensor bytes = weight.reshape({outputs, width / group, group / 2});
    const at::Tensor q = at::cat({bytes.bitwise_and(15), bytes.bitwise_right_shift(4)}, 2).to(at::kFloat);
    return ((q - 8) * scales.unsqueeze(2) + offsets.unsqueeze(2)).reshape({outputs, width}).to(type);
}

/// The sums of one output channel, one for each of `rows` rows.
///   sum over groups of scale * (x . q) + (offset - 8 scale) * sum(x)
CT_INLINE inline void channel(const float *__restrict x, const float *__restrict sums, int64_t rows, int64_t width, int64_t group,
                              const uint8_t *__restrict weight, const float *__restrict scales, const float *__restrict offsets, float *__restrict out) {
    float q[largest_group], part[lanes];
    for (int64_t row = 0; row < rows; ++row) out[row] = 0;
    for (int64_t g = 0; g < width / group; ++g) {
        const uint8_t *__restrict bytes = weight + g * group / 2;
        for (int64_t j = 0; j < group / 2; ++j) {
            q[j] = static_cast<float>(bytes[j] & 15);
            q[j + group / 2] = static_cast<float>(bytes[j] >> 4);
        }
        for (int64_t row = 0; row < rows; ++row) {
            const float *__restrict from = x + row * width + g * group;
            for (int64_t l = 0; l < lanes; ++l) part[l] = from[l] * q[l];
            for (int64_t j = lanes; j < group; j += lanes)
                for (int64_t l = 0; l < lanes; ++l) part[l] += from[j + l] * q[j + l];
            for (int64_t step = lanes / 2; step > 0; step /= 2)
                for (int64_t l = 0; l < step; ++l) part[l] += part[l + step];
            out[row] += scales[g] * part[0] + (offsets[g] - 8 * scales[g]) * sums[row * (width / group) + g];
        }
    }
}

template <class T>
void few_rows(const at::Tensor &x, const at::Tensor &weight, int64_t group, const at::Tensor &scales, const at::Tensor &offsets, const float *bias,
              const at::Tensor &y) {
    const int64_t rows = x.size(0), width = x.size(1), outputs = weight.size(0), groups = width / group;
    const at::Tensor wide = x.to(at::kFloat).contiguous(), sums = wide.reshape({rows, groups, group}).sum(2);
    parallel_for(0, outputs, std::max<int64_t>(1, 32768 / (width * rows)), [&](int64_t begin, int64_t end) {
        std::vector<float> made(static_cast<size_t>(rows));
        vectorised([&]() CT_INLINE {
            for (int64_t n = begin; n < end; ++n) {
                channel(elements<float>(wide), elements<float>(sums), rows, width, group, elements<uint8_t>(weight) + n * width / 2,
                        elements<float>(scales) + n * groups, elements<float>(offsets) + n * groups, made.data());
                for (int64_t row = 0; row < rows; ++row)
                    mutable_elements<T>(y)[row * outputs + n] = narrow<T>(made[static_cast<size_t>(row)] + (bias == nullptr ? 0.0f : bias[n]));
            }
        });
    });
}

}  // namespace

ct_status ct_int4_linear(const ct_tensor *input, const ct_tensor *weight, intptr_t group, const ct_tensor *scales, const ct_tensor *offsets,
                         const ct_tensor *bias, ct_tensor **out) {
    return produce(out, [&] {
        const c10::NoGradGuard guard;
        const at::Tensor &x = input->value, &w = weight->value, &s = scales->value, &o = offsets->value, b = bias ? bias->value : at::Tensor();
        require(x.dim() >= 1 && at::isFloatingType(x.scalar_type()), "a product with half bytes needs floating rows, not " + describe(x));
        const int64_t width = x.size(-1);
        require(group == 32 || group == 64 || group == 128, "a group is 32, 64 or 128 inputs, not " + std::to_string(group));
        require(w.dim() == 2 && w.scalar_type() == at::kByte && w.is_contiguous() && width > 0 && 2 * w.size(1) == width && width % group == 0 && w.size(0) >= 1,
                "half bytes " + describe(w) + " in groups of " + std::to_string(group) + " do not take " + describe(x));
        for (const at::Tensor &part : {s, o})
            require(part.dim() == 2 && part.size(0) == w.size(0) && part.size(1) == width / group && part.scalar_type() == at::kFloat && part.is_contiguous(),
                    "scales and offsets are [outputs, groups] float32, not " + describe(part));
        require(!bias || (b.dim() == 1 && b.size(0) == w.size(0)), "the bias does not fit half bytes " + describe(w));
        at::DimVector shape(x.sizes().begin(), x.sizes().end());
        shape.back() = w.size(0);
        if (x.numel() == 0) return at::empty(shape, x.options());
        const at::Tensor rows = x.reshape({-1, width});
        constexpr int64_t few = 16;
        if (!has_kernel(rows) || rows.size(0) > few) {
            const at::Tensor offset = bias ? b.to(x.scalar_type()) : b;
            return at::linear(rows, unpacked(w, group, s, o, x.scalar_type()), offset).reshape(shape);
        }
        const at::Tensor y = at::empty({rows.size(0), w.size(0)}, x.options()), offset = bias ? b.to(at::kFloat).contiguous() : b;
        with_element(rows, [&](auto element) {
            few_rows<decltype(element)>(rows, w, group, s, o, bias ? elements<float>(offset) : nullptr, y);
        });
        return y.reshape(shape);
    });
}

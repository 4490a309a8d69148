#pragma once
#include "../handle.hpp"
#include "../parallel.hpp"

#include <bit>
#include <cmath>

// Plain loops, compiled once per instruction set and chosen while running: no intrinsics, no build flags. A body is a
// lambda marked CT_INLINE; it is inlined into one function per set, where the compiler vectorises it for that set.
// Elements come in as float or bfloat16 and are computed with as float.

#define CT_INLINE __attribute__((always_inline))

namespace shearling {

enum class InstructionSet { baseline, avx2, avx512 };
InstructionSet instruction_set() noexcept;

template <class Body>
__attribute__((target("arch=x86-64-v4,no-prefer-256-bit"), noinline)) void run_avx512(const Body &body) {
    body();
}
template <class Body>
__attribute__((target("arch=x86-64-v3"), noinline)) void run_avx2(const Body &body) {
    body();
}

/// Runs `body`, a lambda marked CT_INLINE, with the widest vectors of this processor.
template <class Body>
void vectorised(const Body &body) {
    switch (instruction_set()) {
        case InstructionSet::avx512: return run_avx512(body);
        case InstructionSet::avx2: return run_avx2(body);
        case InstructionSet::baseline: return body();
    }
}

CT_INLINE inline float widen(float value) { return value; }
CT_INLINE inline float widen(at::BFloat16 value) { return std::bit_cast<float>(static_cast<uint32_t>(value.x) << 16); }

/// To the nearest, ties to even. The NaNs that arithmetic makes stay NaN.
template <class T>
CT_INLINE inline T narrow(float value);
template <>
CT_INLINE inline float narrow<float>(float value) {
    return value;
}
template <>
CT_INLINE inline at::BFloat16 narrow<at::BFloat16>(float value) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    return {static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16), at::BFloat16::from_bits()};
}

/// e^x within 2 units in the last place on [-87.3, 88.3], the value at the nearer end outside, NaN for NaN; a polynomial
/// of degree 5 after Cephes.
CT_INLINE inline float exponential(float x) {
    const float above = x < -87.3f ? -87.3f : x, clamped = above > 88.3f ? 88.3f : above;
    const float shifted = clamped * 1.44269504088896341f + 12582912.0f;  // the integer stands in the low bits
    const float whole = shifted - 12582912.0f;
    const float r = (clamped - whole * 0.693359375f) + whole * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + (r + 1.0f);
    return p * std::bit_cast<float>((std::bit_cast<uint32_t>(shifted) << 23) + 0x3F800000u);
}

CT_INLINE inline float sigmoid(float x) { return 1.0f / (1.0f + exponential(-x)); }

/// Calls `body(T())` with T the element type, when kernels of ours know it: float or bfloat16 on the CPU.
template <class Body>
void with_element(const at::Tensor &tensor, const Body &body) {
    if (tensor.scalar_type() == at::kFloat) return body(float());
    return body(at::BFloat16());
}
inline bool has_kernel(const at::Tensor &tensor) {
    return tensor.device().is_cpu() && (tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kBFloat16);
}

/// Into how many parts rows are cut where sums run over them: fixed, so that the sums do not depend on the threads.
constexpr int64_t row_parts = 16;

/// Calls `body(part, first row, last row)` for each part, in parallel.
template <class Body>
void for_row_parts(int64_t rows, const Body &body) {
    parallel_for(0, row_parts, 1, [&](int64_t begin, int64_t end) {
        for (int64_t part = begin; part < end; ++part) body(part, rows * part / row_parts, rows * (part + 1) / row_parts);
    });
}

}  // namespace shearling

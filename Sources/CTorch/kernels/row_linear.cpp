#include "row_linear.hpp"

#include "row_product.hpp"

#include <c10/core/GradMode.h>

using namespace shearling;

// The composition beside it is `at::linear`, which takes all other products.

bool shearling::fits_row_linear(const at::Tensor &x, const at::Tensor &w, const c10::optional<at::Tensor> &bias) {
    const auto is_plain = [&](const at::Tensor &t) {
        return t.scalar_type() == x.scalar_type() && t.device().is_cpu() && t.is_contiguous() && !(c10::GradMode::is_enabled() && t.requires_grad());
    };
    return has_kernel(x) && x.dim() >= 1 && w.dim() == 2 && x.size(-1) == w.size(1) && x.numel() == w.size(1) && w.numel() > 0 && is_plain(x) &&
           is_plain(w) && (!bias || (bias->dim() == 1 && bias->size(0) == w.size(0) && is_plain(*bias)));
}

at::Tensor shearling::row_linear(const at::Tensor &x, const at::Tensor &w, const c10::optional<at::Tensor> &bias) {
    const int64_t width = w.size(1), outputs = w.size(0);
    at::DimVector shape(x.sizes().begin(), x.sizes().end());
    shape.back() = outputs;
    const at::Tensor y = at::empty(shape, x.options()), wide = x.to(at::kFloat);
    with_element(x, [&](auto element) {
        using T = decltype(element);
        parallel_for(0, outputs, std::max<int64_t>(1, 65536 / width), [&](int64_t begin, int64_t end) {
            row_by_rows(elements<float>(wide), width, elements<T>(w), bias ? elements<T>(*bias) : nullptr, begin, end, mutable_elements<T>(y));
        });
    });
    return y;
}

#include "../handle.hpp"

using namespace shearling;

ct_status ct_rotary(const ct_tensor *input, const ct_tensor *cosines, const ct_tensor *sines, ct_tensor **out) {
    return produce(out, [&] {
        const at::Tensor &x = input->value, &c = cosines->value, &s = sines->value;
        require(x.dim() == 4 && x.size(3) % 2 == 0, "rotary needs [batch, heads, time, even size], not " + describe(x));
        require(c.sizes() == s.sizes() && (c.dim() == 2 || c.dim() == 4) && c.size(-1) == x.size(3) / 2 && c.size(-2) == x.size(2),
                "cosines " + describe(c) + " and sines " + describe(s) + " do not fit input " + describe(x));
        const auto halves = x.to(inner_type(x)).chunk(2, -1);
        const at::Tensor low = halves[0] * c - halves[1] * s, high = halves[1] * c + halves[0] * s;
        return at::cat({low, high}, -1).to(x.scalar_type());
    });
}

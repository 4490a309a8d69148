#include "decoder.hpp"
#include "int8_product.hpp"

using namespace shearling;
using namespace shearling::decoder;

// What comes in from C: everything is looked at once, when a decoder is made, so that a step may trust it.

namespace {

bool is_dense(const at::Tensor &tensor) { return tensor.device().is_cpu() && tensor.is_contiguous(); }

at::Tensor vector(const ct_decoder &decoder, const ct_tensor *tensor, int64_t size, const char *what) {
    const at::Tensor value = tensor->value.detach();
    require(value.dim() == 1 && value.size(0) == size && value.scalar_type() == decoder.type && is_dense(value),
            std::string("the ") + what + " " + describe(value) + " is not one number of the decoder's dtype for each of " + std::to_string(size));
    return value;
}

Projection projection(ct_decoder &decoder, const ct_projection &given, int64_t inputs, int64_t outputs, bool may_be_transposed, const char *what) {
    const at::Tensor w = given.weight->value.detach();
    const std::string name = std::string("the ") + what + " projection " + describe(w);
    require(given.outputs == outputs && inputs >= 1 && is_dense(w),
            name + " must give " + std::to_string(outputs) + " outputs and lie in order on the CPU");
    Projection made{Projection::Form::rows, inputs, outputs, w, {}, {}};
    if (given.scales == nullptr) {
        require(!given.transposed || may_be_transposed, name + " may not be transposed");
        if (given.transposed) made.form = Projection::Form::columns;
        const bool fits = w.dim() == 2 && w.size(0) == (given.transposed ? inputs : outputs) && w.size(1) == (given.transposed ? outputs : inputs);
        require(fits && w.scalar_type() == decoder.type, name + " does not take " + std::to_string(inputs) + " inputs of the decoder's dtype");
        if (given.bias != nullptr) made.bias = vector(decoder, given.bias, outputs, "bias");
    } else {
        const bool plain = w.dim() == 2 && w.size(0) == outputs && w.size(1) == inputs && inputs <= int8::widest;
        bool packed = false;
#if defined(__x86_64__)
        packed = int8::has_vnni() && w.dim() == 3 && w.size(0) == (outputs + int8::channels - 1) / int8::channels &&
                 w.size(1) == (inputs + int8::inputs - 1) / int8::inputs + 1 && w.size(2) == int8::word;
#endif
        require(w.scalar_type() == at::kChar && (plain || packed), name + " is no matrix of bytes for " + std::to_string(inputs) + " inputs");
        made.form = plain ? Projection::Form::bytes : Projection::Form::packed;
        made.scales = given.scales->value.detach();
        require(made.scales.dim() == 1 && made.scales.size(0) == outputs && made.scales.scalar_type() == at::kFloat && is_dense(made.scales),
                name + " has scales " + describe(made.scales));
        if (given.bias != nullptr) made.bias = vector(decoder, given.bias, outputs, "bias").to(at::kFloat);
    }
    decoder.weight_bytes += static_cast<int64_t>(w.nbytes());
    return made;
}

/// Keys or values [1, heads, positions, size].
at::Tensor cache(const ct_decoder &decoder, const ct_tensor *tensor, int64_t heads) {
    const at::Tensor &value = tensor->value;
    require(value.dim() == 4 && value.size(0) == 1 && value.size(1) == heads && value.size(2) >= 1 && value.size(3) == decoder.head_size &&
                value.scalar_type() == decoder.type && is_dense(value),
            "a cache " + describe(value) + " is not [1, " + std::to_string(heads) + ", positions, " + std::to_string(decoder.head_size) +
                "] of the decoder's dtype");
    return value;
}

}  // namespace

ct_status ct_decoder_make(intptr_t head_size, double epsilon, const ct_tensor *final_norm, ct_decoder **out) {
    return perform([&] {
        const at::Tensor norm = final_norm->value.detach();
        require(has_kernel(norm) && norm.dim() == 1 && norm.size(0) >= 1 && is_dense(norm),
                "a decoder's final norm is a vector of float32 or bfloat16 on the CPU, not " + describe(norm));
        require(head_size >= 2 && head_size % 2 == 0, "heads have an even size, not " + std::to_string(head_size));
        *out = new ct_decoder{norm.size(0), head_size, static_cast<float>(epsilon), norm.scalar_type(), norm, {}};
    });
}

void ct_decoder_free(ct_decoder *decoder) { delete decoder; }

ct_status ct_decoder_add_attention(ct_decoder *decoder, const ct_tensor *norm, const ct_projection *query, const ct_projection *key,
                                   const ct_projection *value, const ct_projection *output, intptr_t query_heads, intptr_t key_heads,
                                   const ct_tensor *keys, const ct_tensor *values) {
    return perform([&] {
        ct_decoder &d = *decoder;
        require(key_heads >= 1 && query_heads >= 1 && query_heads % key_heads == 0,
                std::to_string(query_heads) + " query heads cannot share " + std::to_string(key_heads) + " key heads");
        const int64_t queries = query_heads * d.head_size, width = key_heads * d.head_size;
        Attention half{vector(d, norm, d.hidden, "norm"),
                       projection(d, *query, d.hidden, queries, false, "query"),
                       projection(d, *key, d.hidden, width, false, "key"),
                       projection(d, *value, d.hidden, width, false, "value"),
                       projection(d, *output, queries, d.hidden, false, "output"),
                       query_heads,
                       key_heads,
                       cache(d, keys, key_heads),
                       cache(d, values, key_heads)};
        require(half.values.size(2) == half.keys.size(2), "keys and values have room for different numbers of positions");
        d.halves.push_back(std::move(half));
        d.threads.clear();
    });
}

ct_status ct_decoder_add_feed_forward(ct_decoder *decoder, const ct_tensor *norm, const ct_projection *gate, const ct_projection *up,
                                      const ct_projection *down) {
    return perform([&] {
        ct_decoder &d = *decoder;
        const int64_t neurons = gate->outputs;
        d.halves.push_back(FeedForward{vector(d, norm, d.hidden, "norm"), projection(d, *gate, d.hidden, neurons, false, "gate"),
                                       projection(d, *up, d.hidden, neurons, false, "up"), projection(d, *down, neurons, d.hidden, true, "down")});
        d.threads.clear();
    });
}

ct_status ct_decoder_step(ct_decoder *decoder, const ct_tensor *stream, const ct_tensor *cosines, const ct_tensor *sines, intptr_t position,
                          ct_tensor **out) {
    return produce(out, [&] {
        ct_decoder &d = *decoder;
        const at::Tensor x = stream->value.detach();
        require(x.numel() == d.hidden && x.scalar_type() == d.type && is_dense(x),
                "a decoder takes one token of " + std::to_string(d.hidden) + " channels in its dtype, not " + describe(x));
        for (const ct_tensor *table : {cosines, sines})
            require(table->value.numel() == d.head_size / 2 && table->value.scalar_type() == at::kFloat && is_dense(table->value),
                    "angles " + describe(table->value) + " are not one float32 for each of " + std::to_string(d.head_size / 2) + " pairs");
        require(position >= 0, "a position is not negative");
        for (const auto &half : d.halves)
            if (const auto *attention = std::get_if<Attention>(&half))
                require(position < attention->capacity(), "position " + std::to_string(position) + " does not fit in a cache for " +
                                                              std::to_string(attention->capacity()) + "; make a larger one");
        const at::Tensor y = at::empty(x.sizes(), x.options());
        with_element(x, [&](auto element) {
            using T = decltype(element);
            d.step(elements<T>(x), elements<float>(cosines->value), elements<float>(sines->value), position, mutable_elements<T>(y));
        });
        return y;
    });
}

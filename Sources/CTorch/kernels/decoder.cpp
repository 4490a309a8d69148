#include "decoder.hpp"

#include "decoder_attention.hpp"
#include "decoder_products.hpp"

using namespace shearling;
using namespace shearling::decoder;

// One token of one sequence through all blocks. Its products read each weight once and do two operations a weight: what they
// take is the time that memory needs, if nothing stands in between. So all of a token happens in one call of all threads, which
// meet four times a block; norms and sums that every thread needs, each computes for itself. Inside it is float throughout:
// bfloat16 are only the weights, the cache, what comes in and what goes out. Which thread computes what never shows in a result.
//
// The composition beside it is the model's own pass, block by block (`Transformer/Block.swift`).

namespace {

/// One thread's way through the decoder.
template <class T>
struct Pass {
    ct_decoder &decoder;
    Meeting &meeting;
    int32_t thread, threads;
    int64_t position;
    const float *cosines, *sines;
    Private &own;
    /// Sums that the half before left to be added to the stream, and where.
    int64_t pending = 0;
    int turn = 0;

    Shared &shared() { return decoder.shared; }
    float *added() { return shared().added[turn].data(); }
    void meet() { meeting.wait(threads); }
    Share share(int64_t count) const { return Share::of(count, thread, threads); }
    void project(const Projection &p, const float *x, Share part, float *y) { shearling::decoder::project<T>(p, x, part, y, own.bytes); }

    /// The stream as it stands, normed.
    const float *normed(const at::Tensor &norm) {
        if (pending > 0) {
            add_sums(added(), pending, decoder.hidden, own.stream.data());
            turn = 1 - turn;
            pending = 0;
        }
        normalise(own.stream.data(), elements<T>(norm), decoder.hidden, decoder.epsilon, own.normed.data());
        return own.normed.data();
    }

    /// The half's result is `sums` rows of sums in `added()`, which all threads have written.
    void finish(int64_t sums) {
        meet();
        pending = sums;
    }

    void run(const Attention &half) {
        const int64_t size = decoder.head_size, queries = half.query_heads * size, keys = half.key_heads * size;
        const int64_t chunks = position / chunk + 1, stride = (half.capacity() + chunk - 1) / chunk * (size + 2);
        const float *x = normed(half.norm);
        float *projected = shared().projected.data();
        project(half.query, x, share(half.query.outputs), projected);
        project(half.key, x, share(half.key.outputs), projected + queries);
        project(half.value, x, share(half.value.outputs), projected + queries + keys);
        meet();
        const int64_t units = half.key_heads * chunks;
        for (int64_t unit = units * thread / threads; unit < units * (thread + 1) / threads; ++unit)
            attend_group(half, unit / chunks, unit % chunks, stride);
        meet();
        for (int64_t head = 0; head < half.query_heads; ++head)
            join(shared().softmaxes.data() + head * stride, chunks, size, own.context.data() + head * size);
        project(half.output, own.context.data(), share(decoder.hidden), added());
        finish(1);
    }

    /// The query heads that read one key head, over one chunk of positions; with the last chunk the new key and value.
    void attend_group(const Attention &half, int64_t group, int64_t index, int64_t stride) {
        const int64_t size = decoder.head_size, members = half.members(), first = index * chunk, count = std::min(chunk, position + 1 - first);
        const float *projected = shared().projected.data(), scale = 1.0f / std::sqrt(static_cast<float>(size));
        T *keys = mutable_elements<T>(half.keys) + group * half.capacity() * size, *values = mutable_elements<T>(half.values) + group * half.capacity() * size;
        if (first + count == position + 1) {
            const float *key = projected + (half.query_heads + group) * size, *value = key + half.key_heads * size;
            rotate_head(key, cosines, sines, size, 1.0f, keys + position * size);
            narrow_row(value, size, values + position * size);
        }
        for (int64_t member = 0; member < members; ++member) {
            const int64_t head = group * members + member;
            rotate_head(projected + head * size, cosines, sines, size, scale, own.query.data());
            attend<chunk>(own.query.data(), keys + first * size, values + first * size, count, size,
                          shared().softmaxes.data() + head * stride + index * (size + 2));
        }
    }

    void run(const FeedForward &half) {
        const float *x = normed(half.norm);
        const bool by_columns = half.down.form == Projection::Form::columns;
        float *neurons = shared().neurons.data();
        const int64_t width = decoder.hidden;
        for (int64_t part = sum_parts * thread / threads; part < sum_parts * (thread + 1) / threads; ++part) {
            const Share some = Share::of(half.neurons(), part, sum_parts);
            project(half.gate, x, some, own.gate.data());
            project(half.up, x, some, own.up.data());
            gate_neurons(own.gate.data(), own.up.data(), some, neurons);
            if (!by_columns) continue;
            float *sums = added() + part * width;
            std::fill_n(sums, width, 0.0f);
            if (part == 0 && half.down.bias.defined())
                for (int64_t i = 0; i < width; ++i) sums[i] = widen(elements<T>(half.down.bias)[i]);
            add_rows(neurons, elements<T>(half.down.weight), width, some.first, some.last, sums);
        }
        if (by_columns) return finish(sum_parts);
        meet();
        project(half.down, neurons, share(width), added());
        finish(1);
    }
};

}  // namespace

template <class T>
void ct_decoder::step(const T *stream, const float *cosines, const float *sines, int64_t position, T *out) {
    struct Call {
        ct_decoder &decoder;
        const T *stream;
        const float *cosines, *sines;
        int64_t position;
        T *out;
        Meeting meeting{};
    } call{*this, stream, cosines, sines, position, out};
    const ThreadBody body = [](void *context, int32_t thread, int32_t threads) noexcept {
        Call &call = *static_cast<Call *>(context);
        ct_decoder &decoder = call.decoder;
        Private &own = decoder.threads[static_cast<size_t>(thread)];
        for (int64_t i = 0; i < decoder.hidden; ++i) own.stream[static_cast<size_t>(i)] = widen(call.stream[i]);
        Pass<T> pass{decoder, call.meeting, thread, threads, call.position, call.cosines, call.sines, own};
        for (const auto &half : decoder.halves) std::visit([&](const auto &half) { pass.run(half); }, half);
        const float *last = pass.normed(decoder.final_norm);
        if (thread == 0) narrow_row(last, decoder.hidden, call.out);
    };
    // Below this the threads' meetings take longer than the work.
    constexpr int64_t little = int64_t(1) << 18;
    prepare(at::get_num_threads());
    if (weight_bytes < little) return body(&call, 0, 1);
    on_all_threads(body, &call);
}

void ct_decoder::prepare(int32_t thread_count) {
    if (threads.size() >= static_cast<size_t>(thread_count)) return;
    int64_t neurons = 0, context = 0, projected = 0, softmaxes = 0, inputs = hidden;
    for (const auto &half : halves) {
        if (const auto *attention = std::get_if<Attention>(&half)) {
            context = std::max(context, attention->query_heads * head_size);
            projected = std::max(projected, (attention->query_heads + 2 * attention->key_heads) * head_size);
            softmaxes = std::max(softmaxes, attention->query_heads * ((attention->capacity() + chunk - 1) / chunk) * (head_size + 2));
        } else {
            neurons = std::max(neurons, std::get<FeedForward>(half).neurons());
        }
    }
    const auto sized = [](std::vector<float> &memory, int64_t count) { memory.resize(static_cast<size_t>(count)); };
    sized(shared.projected, projected);
    sized(shared.softmaxes, softmaxes);
    sized(shared.neurons, neurons);
    for (std::vector<float> &added : shared.added) sized(added, sum_parts * hidden);
    std::vector<Private> made(static_cast<size_t>(thread_count));
    for (Private &own : made) {
        sized(own.stream, hidden);
        sized(own.normed, hidden);
        sized(own.gate, neurons);
        sized(own.up, neurons);
        sized(own.context, context);
        sized(own.query, head_size);
        own.bytes.resize(static_cast<size_t>(std::max({inputs, neurons, context}) + int8::inputs));
    }
    threads = std::move(made);
}

template void ct_decoder::step(const float *, const float *, const float *, int64_t, float *);
template void ct_decoder::step(const at::BFloat16 *, const float *, const float *, int64_t, at::BFloat16 *);

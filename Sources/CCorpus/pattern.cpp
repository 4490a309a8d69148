#include "ccorpus.h"

#include <boundary.hpp>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <memory>
#include <string>

using shearling::boundary;
using shearling::Fault;

namespace {

// A pre-tokenizer's pattern takes a handful of steps a character; one that needs this many is hostile or broken.
constexpr uint32_t step_limit = 20'000'000;
constexpr uint32_t heap_limit_kib = 256 * 1024;

std::string words(int code) {
    PCRE2_UCHAR buffer[256];
    return pcre2_get_error_message(code, buffer, sizeof buffer) < 0 ? "error " + std::to_string(code)
                                                                    : reinterpret_cast<const char *>(buffer);
}

template <class Type> Type *sure(Type *pointer) {
    if (!pointer) throw std::bad_alloc();
    return pointer;
}

}  // namespace

struct cc_pattern {
    pcre2_code *code = nullptr;
    ~cc_pattern() { pcre2_code_free(code); }
};

struct cc_matcher {
    const cc_pattern *pattern = nullptr;
    pcre2_match_data *data = nullptr;
    pcre2_match_context *context = nullptr;
    pcre2_jit_stack *stack = nullptr;
    ~cc_matcher() {
        pcre2_match_data_free(data);
        pcre2_match_context_free(context);
        pcre2_jit_stack_free(stack);
    }
};

ct_status cc_pattern_make(const uint8_t *expression, size_t length, int literal, cc_pattern **out) {
    return boundary([&] {
        if (length > 65536) throw Fault(CT_INVALID_ARGUMENT, "the pattern is longer than 65536 bytes");
        auto pattern = std::make_unique<cc_pattern>();
        int code = 0;
        size_t offset = 0;
        const uint32_t options = literal ? PCRE2_UTF | PCRE2_LITERAL : PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C;
        pattern->code = pcre2_compile(expression, length, options, &code, &offset, nullptr);
        if (!pattern->code)
            throw Fault(CT_INVALID_ARGUMENT, "the pattern does not compile at byte " + std::to_string(offset) + ": " + words(code));
        (void)pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE);  // without it, matching is slower, not different
        *out = pattern.release();
    });
}

void cc_pattern_free(cc_pattern *pattern) { delete pattern; }

ct_status cc_matcher_make(const cc_pattern *pattern, cc_matcher **out) {
    return boundary([&] {
        auto matcher = std::make_unique<cc_matcher>();
        matcher->pattern = pattern;
        matcher->data = sure(pcre2_match_data_create_from_pattern(pattern->code, nullptr));
        matcher->context = sure(pcre2_match_context_create(nullptr));
        matcher->stack = sure(pcre2_jit_stack_create(32 * 1024, 8 * 1024 * 1024, nullptr));
        pcre2_set_match_limit(matcher->context, step_limit);
        pcre2_set_heap_limit(matcher->context, heap_limit_kib);
        pcre2_jit_stack_assign(matcher->context, nullptr, matcher->stack);
        *out = matcher.release();
    });
}

void cc_matcher_free(cc_matcher *matcher) { delete matcher; }

ct_status cc_matcher_find(
    cc_matcher *matcher, const uint8_t *text, size_t length, size_t from, int *found, size_t *start, size_t *end) {
    return boundary([&] {
        const auto *subject = text ? text : reinterpret_cast<const uint8_t *>("");
        auto match = [&](uint32_t options) {
            return pcre2_match(matcher->pattern->code, subject, length, from, options, matcher->data, matcher->context);
        };
        int code = match(PCRE2_NO_UTF_CHECK);
        if (code == PCRE2_ERROR_JIT_STACKLIMIT) code = match(PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT);
        if (code == PCRE2_ERROR_NOMATCH) {
            *found = 0;
            return;
        }
        if (code < 0) throw Fault(CT_UNSUPPORTED, "the pattern gives up at byte " + std::to_string(from) + ": " + words(code));
        const size_t *ends = pcre2_get_ovector_pointer(matcher->data);
        if (ends[0] > ends[1] || ends[0] < from) throw Fault(CT_UNSUPPORTED, "the pattern matches backwards");
        *found = 1;
        *start = ends[0];
        *end = ends[1];
    });
}

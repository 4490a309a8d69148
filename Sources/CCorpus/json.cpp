#include "ccorpus.h"

#include <boundary.hpp>
#include <simdjson.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace od = simdjson::ondemand;
using simdjson::error_code;
using shearling::boundary;

namespace {

// Why simdjson refused a line, in words that do not change with its version.
const char *words(error_code code) {
    switch (code) {
    case simdjson::EMPTY: return "nothing but white space";
    case simdjson::UNCLOSED_STRING: return "a string is not closed";
    case simdjson::UNESCAPED_CHARS: return "a control character stands unescaped in a string";
    case simdjson::STRING_ERROR: return "a string holds an escape that is no character";
    case simdjson::DEPTH_ERROR: return "nested too deeply";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT: return "an object or a list is not closed";
    case simdjson::INCORRECT_TYPE: return "it is no object";
    case simdjson::TRAILING_CONTENT: return "something follows the object";
    case simdjson::CAPACITY: return "longer than the JSON reader takes";
    default: return "a comma, colon, bracket or value is missing";
    }
}

const char *kind(od::json_type type) {
    switch (type) {
    case od::json_type::array: return "a list";
    case od::json_type::object: return "an object";
    case od::json_type::number: return "a number";
    case od::json_type::boolean: return "a truth value";
    case od::json_type::null: return "null";
    default: return "a string";
    }
}

// A field being looked for: what of its path is still to go, and what was found.
struct Wanted {
    std::string_view rest;
    bool seen = false;
    const char *wrong_kind = nullptr;
    std::string_view value;
    std::string held;  // a value out of a nested text, whose parser the next such text reuses
};

// `rest` without its first key when that key is `key`; a key may itself hold dots. Null data when it is not.
std::string_view after(std::string_view rest, std::string_view key) {
    if (!rest.starts_with(key)) return {};
    if (rest.size() == key.size()) return rest.substr(key.size());
    return rest[key.size()] == '.' ? rest.substr(key.size() + 1) : std::string_view{};
}

constexpr int deepest_path = 16;

}  // namespace

struct cc_record_parser {
    std::string text_path, route_path;
    bool routed;
    od::parser parser;
    od::parser inner_parser;  // for a `meta` that is JSON text inside a string
    simdjson::padded_string inner_text;
    std::string detail;
    Wanted text, route;  // of the present record

    using Pair = std::array<Wanted *, 2>;

    error_code walk(od::object object, Pair wanted, int depth, bool inner) {
        for (auto item : object) {
            od::field field;
            if (auto code = std::move(item).get(field)) return code;
            std::string_view key;
            if (auto code = field.unescaped_key().get(key)) return code;
            od::value value = field.value();
            Pair below{};
            bool descend = false;
            Wanted *here = nullptr;
            for (size_t i = 0; i < wanted.size(); ++i) {
                if (!wanted[i] || wanted[i]->seen) continue;
                std::string_view rest = after(wanted[i]->rest, key);
                if (!rest.data()) continue;
                if (rest.empty()) {
                    if (here) {  // both paths name one field
                        wanted[i]->rest = {};
                        continue;
                    }
                    here = wanted[i];
                } else {
                    below[i] = wanted[i];
                    descend = true;
                }
            }
            if (here) {
                od::json_type type;
                if (auto code = value.type().get(type)) return code;
                here->seen = true;
                if (type == od::json_type::string) {
                    if (auto code = value.get_string().get(here->value)) return code;
                    if (inner) here->value = here->held = here->value;
                } else {
                    here->wrong_kind = kind(type);
                }
            } else if (descend && depth < deepest_path) {
                if (auto code = enter(value, key, below, depth, inner)) return code;
            }
        }
        return simdjson::SUCCESS;
    }

    error_code enter(od::value value, std::string_view key, Pair below, int depth, bool inner) {
        od::json_type type;
        if (auto code = value.type().get(type)) return code;
        const std::string name(key);
        std::array<std::string_view, 2> whole{};
        for (size_t i = 0; i < 2; ++i)
            if (below[i]) {
                whole[i] = below[i]->rest;
                below[i]->rest = after(below[i]->rest, name);
            }
        error_code code = simdjson::SUCCESS;
        if (type == od::json_type::object) {
            od::object object;
            code = value.get_object().get(object);
            if (!code) code = walk(object, below, depth + 1, inner);
        } else if (type == od::json_type::string && !inner) {
            std::string_view text;
            code = value.get_string().get(text);
            if (!code) {
                inner_text = simdjson::padded_string(text);
                od::document document;
                od::object object;
                if (!inner_parser.iterate(inner_text).get(document) && !document.get_object().get(object))
                    (void)walk(object, below, depth + 1, true);  // text that is no JSON has no such field
            }
        }
        for (size_t i = 0; i < 2; ++i)
            if (below[i]) below[i]->rest = whole[i];
        return code;
    }

    // The top-level keys, for a message.
    void list_keys(simdjson::padded_string_view line) {
        detail.clear();
        od::document document;
        od::object object;
        if (parser.iterate(line).get(document) || document.get_object().get(object)) return;
        int count = 0;
        for (auto item : object) {
            std::string_view key;
            od::field field;
            if (std::move(item).get(field) || field.unescaped_key().get(key)) return;
            if (count++ == 20) return;
            if (!detail.empty()) detail += '\n';
            size_t length = std::min<size_t>(key.size(), 60);
            while (length > 0 && length < key.size() && (static_cast<unsigned char>(key[length]) & 0xC0) == 0x80) --length;
            detail += key.substr(0, length);
        }
    }

    error_code read(simdjson::padded_string_view line) {
        od::document document;
        if (auto code = parser.iterate(line).get(document)) return code;
        od::json_type type;
        if (auto code = document.type().get(type)) return code;
        if (type != od::json_type::object) return simdjson::INCORRECT_TYPE;
        od::object object;
        if (auto code = document.get_object().get(object)) return code;
        if (auto code = walk(object, {&text, routed ? &route : nullptr}, 0, false)) return code;
        return document.current_location().error() == simdjson::OUT_OF_BOUNDS ? simdjson::SUCCESS : simdjson::TRAILING_CONTENT;
    }

    void parse(const uint8_t *bytes, size_t length, cc_record &record) {
        record = {};
        simdjson::padded_string_view line(bytes, length, length + simdjson::SIMDJSON_PADDING);
        text = route = Wanted{};
        text.rest = text_path;
        route.rest = route_path;
        const error_code code = read(line);
        if (code == simdjson::MEMALLOC) throw std::bad_alloc();
        if (code == simdjson::UTF8_ERROR) {
            record.state = CC_RECORD_INVALID_UTF8;
            record.offset = cc_valid_utf8_length(bytes, length);
        } else if (code) {
            const size_t valid = cc_valid_utf8_length(bytes, length);  // other complaints may hide this one
            record.state = valid < length ? CC_RECORD_INVALID_UTF8 : CC_RECORD_NOT_JSON;
            record.offset = valid < length ? valid : 0;
            record.detail = words(code);
        } else if (!text.seen) {
            record.state = CC_RECORD_MISSING_TEXT;
            list_keys(line);
            record.detail = detail.c_str();
        } else if (text.wrong_kind) {
            record.state = CC_RECORD_TEXT_TYPE;
            record.detail = text.wrong_kind;
        } else {
            if (routed && text_path == route_path) {
                route.seen = true;
                route.value = text.value;
            }
            if (routed && (!route.seen || route.wrong_kind)) {
                record.state = CC_RECORD_MISSING_ROUTE;
                list_keys(line);
                record.detail = detail.c_str();
                return;
            }
            record.state = CC_RECORD_OK;
            record.text = reinterpret_cast<const uint8_t *>(text.value.data());
            record.text_length = text.value.size();
            if (routed) {
                record.route = reinterpret_cast<const uint8_t *>(route.value.data());
                record.route_length = route.value.size();
            }
        }
    }
};

size_t cc_json_padding(void) { return simdjson::SIMDJSON_PADDING; }

ct_status cc_record_parser_make(const char *text_path, const char *route_path, cc_record_parser **out) {
    return boundary([&] {
        auto parser = std::make_unique<cc_record_parser>();
        parser->text_path = text_path;
        parser->routed = route_path != nullptr;
        if (route_path) parser->route_path = route_path;
        if (parser->text_path.empty() || (parser->routed && parser->route_path.empty()))
            throw shearling::Fault(CT_INVALID_ARGUMENT, "a field name is empty");
        *out = parser.release();
    });
}

void cc_record_parser_free(cc_record_parser *parser) { delete parser; }

ct_status cc_record_parse(cc_record_parser *parser, const uint8_t *line, size_t length, cc_record *out) {
    return boundary([&] { parser->parse(line, length, *out); });
}

size_t cc_valid_utf8_length(const uint8_t *text, size_t length) {
    if (length == 0 || simdjson::validate_utf8(reinterpret_cast<const char *>(text), length)) return length;
    size_t i = 0;
    while (i < length) {
        const uint8_t lead = text[i];
        size_t more;
        uint8_t low = 0x80, high = 0xBF;
        if (lead < 0x80) more = 0;
        else if (lead >= 0xC2 && lead <= 0xDF) more = 1;
        else if (lead >= 0xE0 && lead <= 0xEF) {
            more = 2;
            if (lead == 0xE0) low = 0xA0;
            if (lead == 0xED) high = 0x9F;
        } else if (lead >= 0xF0 && lead <= 0xF4) {
            more = 3;
            if (lead == 0xF0) low = 0x90;
            if (lead == 0xF4) high = 0x8F;
        } else return i;
        if (more >= length - i) return i;
        for (size_t k = 1; k <= more; ++k) {
            if (text[i + k] < low || text[i + k] > high) return i;
            low = 0x80;
            high = 0xBF;
        }
        i += more + 1;
    }
    return length;
}

#include "ccorpus.h"

#include <boundary.hpp>
#include <simdjson.h>

#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dom = simdjson::dom;
using shearling::boundary;
using shearling::Fault;

namespace {

[[noreturn]] void refuse(const std::string &why) { throw Fault(CT_INVALID_ARGUMENT, why); }

std::string_view text(dom::element element, const char *what) {
    std::string_view value;
    if (element.get(value)) refuse(std::string(what) + " is not text");
    return value;
}

std::string in_quotes(std::string_view word) { return "'" + std::string(word.substr(0, 60)) + "'"; }

}  // namespace

struct cc_vocabulary {
    std::unordered_map<std::string, int32_t> ids;      // of the model's vocabulary
    std::vector<const std::string *> pieces;           // by id; NULL: no token
    std::vector<std::unique_ptr<std::string>> added;   // spellings of added tokens
    std::vector<int32_t> merges;
    std::string settings;

    // Ids may have gaps, but a hostile one must not decide how much is allocated.
    void place(int64_t id, const std::string *piece, size_t limit) {
        if (id < 0 || static_cast<uint64_t>(id) >= limit) refuse("token " + in_quotes(*piece) + " has the impossible id " + std::to_string(id));
        if (static_cast<size_t>(id) >= pieces.size()) pieces.resize(static_cast<size_t>(id) + 1, nullptr);
        pieces[static_cast<size_t>(id)] = piece;
    }

    void read_vocabulary(dom::object vocabulary, size_t limit) {
        ids.reserve(vocabulary.size() < 0xFFFFFF ? vocabulary.size() : limit);
        for (auto [key, value] : vocabulary) {
            int64_t id;
            if (value.get(id)) refuse("the id of token " + in_quotes(key) + " is no integer");
            auto [entry, fresh] = ids.emplace(std::string(key), static_cast<int32_t>(id));
            if (!fresh) refuse("token " + in_quotes(key) + " stands in the vocabulary twice");
            place(id, &entry->first, limit);
        }
    }

    void read_added(dom::array tokens, size_t limit) {
        for (dom::element token : tokens) {
            int64_t id;
            std::string_view content;
            if (token["id"].get(id) || token["content"].get(content)) refuse("an added token lacks id or content");
            added.push_back(std::make_unique<std::string>(content));
            place(id, added.back().get(), limit);
        }
    }

    int32_t known(const std::string &piece, size_t rank) const {
        auto found = ids.find(piece);
        if (found == ids.end()) refuse("merge " + std::to_string(rank) + " needs " + in_quotes(piece) + ", which is no token");
        return found->second;
    }

    // A merge is "left right" in one text, or a list of the two.
    void read_merges(dom::array list) {
        merges.reserve(3 * (list.size() < 0xFFFFFF ? list.size() : 0));
        std::string left, right;
        size_t rank = 0;
        for (dom::element merge : list) {
            dom::array pair;
            if (!merge.get(pair)) {
                if (pair.size() != 2) refuse("merge " + std::to_string(rank) + " is not a pair");
                left = text(pair.at(0).value(), "half of a merge");
                right = text(pair.at(1).value(), "half of a merge");
            } else {
                std::string_view whole = text(merge, "a merge");
                const size_t space = whole.find(' ');
                if (space == std::string_view::npos || whole.find(' ', space + 1) != std::string_view::npos)
                    refuse("merge " + std::to_string(rank) + " is not a pair");
                left = whole.substr(0, space);
                right = whole.substr(space + 1);
            }
            merges.push_back(known(left, rank));
            merges.push_back(known(right, rank));
            merges.push_back(known(left + right, rank));
            ++rank;
        }
    }

    // Everything but the two large members, written back as JSON.
    void keep_settings(dom::object root) {
        std::ostringstream out;
        bool first = true;
        auto member = [&](std::string_view key, dom::element value) {
            out << (first ? "" : ",") << '"' << key << "\":" << simdjson::minify(value);
            first = false;
        };
        out << '{';
        for (const char *key : {"added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder"}) {
            dom::element value;
            if (!root[key].get(value)) member(key, value);
        }
        dom::object model;
        if (!root["model"].get(model)) {
            out << (first ? "" : ",") << "\"model\":{";
            first = true;
            for (const char *key : {"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
                                    "fuse_unk", "byte_fallback", "ignore_merges"}) {
                dom::element value;
                if (!model[key].get(value)) member(key, value);
            }
            out << '}';
        }
        out << '}';
        settings = out.str();
    }
};

ct_status cc_vocabulary_parse(const uint8_t *json, size_t length, cc_vocabulary **out) {
    return boundary([&] {
        dom::parser parser;
        dom::element document;
        if (auto code = parser.parse(json, length, true).get(document))
            refuse(std::string("not JSON: ") + simdjson::error_message(code));
        dom::object root, model, vocabulary;
        dom::array merges, added;
        if (document.get(root)) refuse("not a JSON object");
        if (root["model"].get(model)) refuse("no object 'model'");
        std::string_view type = "BPE";
        if (!model["type"].get(type) && type != "BPE") refuse("a model of type " + in_quotes(type) + ", not BPE");
        if (model["vocab"].get(vocabulary)) refuse("no object 'model.vocab'");
        if (model["merges"].get(merges)) refuse("no list 'model.merges'");
        auto result = std::make_unique<cc_vocabulary>();
        const bool has_added = !root["added_tokens"].get(added);
        // Every token takes 4 bytes of the file at least; real vocabularies leave small gaps only.
        const size_t limit = std::min<size_t>(length / 4 * 2 + 65536, INT32_MAX);
        result->read_vocabulary(vocabulary, limit);
        if (has_added) result->read_added(added, limit);
        result->read_merges(merges);
        result->keep_settings(root);
        *out = result.release();
    });
}

void cc_vocabulary_free(cc_vocabulary *vocabulary) { delete vocabulary; }

size_t cc_vocabulary_size(const cc_vocabulary *vocabulary) { return vocabulary->pieces.size(); }

const uint8_t *cc_vocabulary_piece(const cc_vocabulary *vocabulary, size_t id, size_t *length) {
    const std::string *piece = id < vocabulary->pieces.size() ? vocabulary->pieces[id] : nullptr;
    *length = piece ? piece->size() : 0;
    return piece ? reinterpret_cast<const uint8_t *>(piece->data()) : nullptr;
}

int32_t cc_vocabulary_find(const cc_vocabulary *vocabulary, const uint8_t *piece, size_t length) {
    try {
        auto found = vocabulary->ids.find(std::string(reinterpret_cast<const char *>(piece), length));
        return found == vocabulary->ids.end() ? -1 : found->second;
    } catch (...) {
        return -1;
    }
}

size_t cc_vocabulary_merge_count(const cc_vocabulary *vocabulary) { return vocabulary->merges.size() / 3; }
const int32_t *cc_vocabulary_merges(const cc_vocabulary *vocabulary) { return vocabulary->merges.data(); }

const uint8_t *cc_vocabulary_settings(const cc_vocabulary *vocabulary, size_t *length) {
    *length = vocabulary->settings.size();
    return reinterpret_cast<const uint8_t *>(vocabulary->settings.data());
}

#pragma once
/* A C interface over simdjson, SentencePiece and PCRE2: no C++ type and no exception leaves it.
   Statuses and the last failure's message are CBoundary's. `*out` is written only on CT_OK; what a `_make` or
   `_load` gives is freed with the matching `_free`, which takes NULL. Text is UTF-8 bytes with a length, never
   NUL-terminated, unless it is a `const char *`. */
#include <CBoundary.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- json.cpp: records of a JSON-lines file ------------------------------------------------------------------ */

/* Bytes that must be readable (their values do not matter) after every JSON text handed over. */
size_t cc_json_padding(void);

typedef struct cc_record_parser cc_record_parser;

typedef enum cc_record_state : int {
    CC_RECORD_OK = 0,
    CC_RECORD_NOT_JSON,     /* `detail` says why */
    CC_RECORD_INVALID_UTF8, /* `offset` is the first bad byte */
    CC_RECORD_MISSING_TEXT, /* `detail` lists the top-level keys, newline-separated, 20 at most */
    CC_RECORD_TEXT_TYPE,    /* `detail` says what the field holds */
    CC_RECORD_MISSING_ROUTE /* `detail` lists the top-level keys */
} cc_record_state;

/* One record's text and route; all pointers are valid until the parser's next record. */
typedef struct cc_record {
    cc_record_state state;
    const uint8_t *_Nullable text;
    size_t text_length;
    const uint8_t *_Nullable route; /* NULL when no route is wanted */
    size_t route_length;
    size_t offset;
    const char *_Nullable detail;
} cc_record;

/* `text_path` and `route_path` are keys or dotted paths of keys; `route_path` may be NULL. */
CT_CHECKED ct_status cc_record_parser_make(
    const char *_Nonnull text_path, const char *_Nullable route_path,
    cc_record_parser *_Nullable *_Nonnull out);
void cc_record_parser_free(cc_record_parser *_Nullable parser);
/* Reads one line; an unusable one is CT_OK with a state. */
CT_CHECKED ct_status cc_record_parse(
    cc_record_parser *_Nonnull parser, const uint8_t *_Nonnull line, size_t length, cc_record *_Nonnull out);

/* The number of leading bytes of `text` that are valid UTF-8: `length` when all are. */
size_t cc_valid_utf8_length(const uint8_t *_Nullable text, size_t length);

/* ---- vocabulary.cpp: a Hugging Face tokenizer.json ----------------------------------------------------------- */

typedef struct cc_vocabulary cc_vocabulary;

/* Parses a whole tokenizer.json whose model is BPE. CT_INVALID_ARGUMENT with a sentence when it is not. */
CT_CHECKED ct_status cc_vocabulary_parse(
    const uint8_t *_Nonnull json, size_t length, cc_vocabulary *_Nullable *_Nonnull out);
void cc_vocabulary_free(cc_vocabulary *_Nullable vocabulary);
/* One more than the largest id of the model's vocabulary and of the added tokens. */
size_t cc_vocabulary_size(const cc_vocabulary *_Nonnull vocabulary);
/* The spelling of an id in the file; NULL when no token has it. Valid as long as the vocabulary. */
const uint8_t *_Nullable cc_vocabulary_piece(
    const cc_vocabulary *_Nonnull vocabulary, size_t id, size_t *_Nonnull length);
/* The id of a spelling in the model's vocabulary; -1 when there is none. */
int32_t cc_vocabulary_find(const cc_vocabulary *_Nonnull vocabulary, const uint8_t *_Nonnull piece, size_t length);
size_t cc_vocabulary_merge_count(const cc_vocabulary *_Nonnull vocabulary);
/* `count` triples (left, right, merged) in order of rank. */
const int32_t *_Nullable cc_vocabulary_merges(const cc_vocabulary *_Nonnull vocabulary);
/* The file without vocabulary and merges, as JSON text: what is small and is decoded with types. */
const uint8_t *_Nonnull cc_vocabulary_settings(const cc_vocabulary *_Nonnull vocabulary, size_t *_Nonnull length);

/* ---- sentencepiece.cpp: a SentencePiece model ---------------------------------------------------------------- */

typedef struct cc_sentencepiece cc_sentencepiece;

typedef enum cc_piece_kind : int { CC_PIECE_NORMAL = 0, CC_PIECE_UNKNOWN, CC_PIECE_CONTROL, CC_PIECE_UNUSED, CC_PIECE_BYTE } cc_piece_kind;

CT_CHECKED ct_status cc_sentencepiece_load(
    const uint8_t *_Nonnull model, size_t length, cc_sentencepiece *_Nullable *_Nonnull out);
void cc_sentencepiece_free(cc_sentencepiece *_Nullable model);
size_t cc_sentencepiece_size(const cc_sentencepiece *_Nonnull model);
/* The ids for the begin and the end of a text; -1 when the model has none. */
int32_t cc_sentencepiece_bos(const cc_sentencepiece *_Nonnull model);
int32_t cc_sentencepiece_eos(const cc_sentencepiece *_Nonnull model);
/* A piece's spelling (U+2581 for a space) and kind; `id` must be below the size. Valid as long as the model. */
const uint8_t *_Nonnull cc_sentencepiece_piece(
    const cc_sentencepiece *_Nonnull model, size_t id, size_t *_Nonnull length, cc_piece_kind *_Nonnull kind);
/* Calls `receive` once with the ids of `text`, which are valid only during the call. */
CT_CHECKED ct_status cc_sentencepiece_encode(
    const cc_sentencepiece *_Nonnull model, const uint8_t *_Nullable text, size_t length,
    void (*_Nonnull receive)(void *_Nonnull context, const int32_t *_Nullable ids, size_t count),
    void *_Nonnull context);

/* ---- pattern.cpp: regular expressions of pre-tokenizers ------------------------------------------------------ */

typedef struct cc_pattern cc_pattern;
typedef struct cc_matcher cc_matcher;

/* `literal`: the text itself instead of an expression. */
CT_CHECKED ct_status cc_pattern_make(
    const uint8_t *_Nonnull expression, size_t length, int literal, cc_pattern *_Nullable *_Nonnull out);
void cc_pattern_free(cc_pattern *_Nullable pattern);
/* What one thread needs to match; a pattern may have many, and outlives them. */
CT_CHECKED ct_status cc_matcher_make(const cc_pattern *_Nonnull pattern, cc_matcher *_Nullable *_Nonnull out);
void cc_matcher_free(cc_matcher *_Nullable matcher);
/* The first match at or after `from` in valid UTF-8; `*found` is 0 when there is none.
   CT_UNSUPPORTED when the expression takes more work than its limit on this text. */
CT_CHECKED ct_status cc_matcher_find(
    cc_matcher *_Nonnull matcher, const uint8_t *_Nullable text, size_t length, size_t from, int *_Nonnull found,
    size_t *_Nonnull start, size_t *_Nonnull end);

#ifdef __cplusplus
}
#endif

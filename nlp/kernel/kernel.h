/* The first reader's inner loops: cutting, features, scores, evidence, phrases. Plain C99, no Python headers:
 * nlp/kernel/library.py calls it by ctypes. Every function gives what the numpy and jieba code beside it gives;
 * tests/unit/nlp/test_nlp_kernel.py holds them equal. Nothing here keeps state between calls but the tries. */
#ifndef HOTLINE_KERNEL_H
#define HOTLINE_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* Changes with any function below; the Python side takes no library of another number. */
#define KERNEL_VERSION 1
int32_t kernel_version(void);

/* A set of words over code points; each word carries a value, 0 meaning "only the beginning of a word". */
typedef struct Trie Trie;

Trie *trie_new(void);
void trie_free(Trie *trie);
/* 0, or -1 when memory is short. */
int trie_set(Trie *trie, const uint32_t *word, int32_t length, int32_t value);
/* The child of `node` (0 is the root) by `code` and its value; -1 where there is none. */
int32_t trie_step(const Trie *trie, int32_t node, uint32_t code, int32_t *value);
/* The value of a word; 0 where it is none. */
int32_t trie_find(const Trie *trie, const uint32_t *word, int32_t length);

/* jieba's dictionary and hidden Markov model. */
typedef struct Cutter Cutter;

/* `dictionary`: the bytes of jieba's dict.txt. `emit`: four tables (B, E, M, S) of 65536 log probabilities. NULL when
 * memory is short or a line has another form. */
Cutter *cutter_new(const char *dictionary, int64_t size, const double *start, const double *trans, const double *emit);
void cutter_free(Cutter *cutter);
/* A word of our lexicon with its frequency, as jieba's add_word without counting a known word twice. */
int cutter_add(Cutter *cutter, const uint32_t *word, int32_t length, int64_t frequency);
/* Call once after all words. */
int cutter_finish(Cutter *cutter);
/* Writes the offset of every word of `codes`; returns how many, at most `size`; -1 when memory is short. */
int32_t cutter_cut(const Cutter *cutter, const uint32_t *codes, int32_t size, int32_t *word_at);

/* Tokenizer.cut_for_search: (first, end) of each word of two or three characters within a longer word, then of the
 * word itself. Returns how many, fewer than 3 * size. */
int32_t cutter_search(const Cutter *cutter, const uint32_t *codes, int32_t size, const int32_t *word_at, int32_t words,
                      int32_t *places);

/* What scoring needs of the model; see nlp/model.py for what the tables are. Row `nothing` is the last. */
typedef struct {
    int32_t words, bits, columns, routes, topic_columns;
    const int8_t *steps;
    const float *scale;
    const float *intercepts;
    const int8_t *topic_steps;
    const float *squares;
    const float *damped; /* 1 + ln n, 256 of them */
    const uint32_t *mix; /* three tables of 65536 */
    const uint8_t *shows;
    const Trie *vocabulary; /* word -> index + 1 */
    const Trie *anchors;    /* word -> number + 1 */
} Tables;

/* What one batch gives; see score.c for the shapes. */
typedef struct {
    float *margins;
    float *topics;
    int32_t *shown;
    float *shown_weight;
    int32_t *shown_count;
    int32_t *anchor_found;
    int32_t anchor_room;
    int32_t anchor_count;
} Results;

int score_texts(const Tables *tables, const uint32_t *codes, const int32_t *starts, int32_t texts,
                const int32_t *word_at, int32_t words, int32_t column, Results *results);

#endif

/* The first reader's inner loops: cutting, features, scores, evidence, phrases. Plain C99, no Python headers:
 * nlp/kernel/library.py calls it by ctypes. Every function gives what the numpy and jieba code beside it gives;
 * tests/unit/nlp/test_nlp_kernel.py holds them equal. Nothing here keeps state between calls but the tries. */
#ifndef HOTLINE_KERNEL_H
#define HOTLINE_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define SOON(address) __builtin_prefetch(address)
#else
#define SOON(address) ((void)(address))
#endif

/* Changes with any function below; the Python side takes no library of another number. */
#define KERNEL_VERSION 5
int32_t kernel_version(void);

/* A set of words over code points; each word carries a value, 0 meaning "only the beginning of a word". */
typedef struct Trie Trie;

Trie *trie_new(void);
void trie_free(Trie *trie);
/* 0, or -1 when memory is short. */
int trie_set(Trie *trie, const uint32_t *word, int32_t length, int32_t value);
/* The child of `node` (0 is the root) by `code` and its value; -1 where there is none, LEAF where no word goes on from
 * there, so that no further step need be tried. */
#define LEAF 0
int32_t trie_step(const Trie *trie, int32_t node, uint32_t code, int32_t *value);
/* Ask the memory for the step by two codes from the root: the tables are larger than the processor's cache. */
void trie_soon(const Trie *trie, uint32_t code, uint32_t next);
/* The value of a word; 0 where it is none. */
int32_t trie_find(const Trie *trie, const uint32_t *word, int32_t length);

/* Every value becomes values[value]; values[0] is 0. */
void trie_map(Trie *trie, const int32_t *values);

/* jieba's dictionary and hidden Markov model. */
typedef struct Cutter Cutter;

/* `dictionary`: the bytes of jieba's dict.txt. `emit`: four tables (B, E, M, S) of 65536 log probabilities. NULL when
 * memory is short or a line has another form. */
Cutter *cutter_new(const char *dictionary, int64_t size, const double *start, const double *trans, const double *emit);
void cutter_free(Cutter *cutter);
/* A word of our lexicon with its frequency, as jieba's add_word without counting a known word twice. */
int cutter_add(Cutter *cutter, const uint32_t *word, int32_t length, int64_t frequency);
/* Call once, after all words. */
int cutter_finish(Cutter *cutter);
/* Writes the offset of every word of `codes`; returns how many, at most `size`; -1 when memory is short. */
int32_t cutter_cut(const Cutter *cutter, const uint32_t *codes, int32_t size, int32_t *word_at);

/* Tokenizer.cut_for_search: (first, end) of each word of two or three characters within a longer word, then of the
 * word itself. Returns how many, fewer than 3 * size. */
int32_t cutter_search(const Cutter *cutter, const uint32_t *codes, int32_t size, const int32_t *word_at, int32_t words,
                      int32_t *places);

/* One feature's squared idf and its weights in whole steps: heads first, topics from column HEAD_COLUMNS on. */
#define HEAD_COLUMNS 12
#define ROW_COLUMNS 60
typedef struct {
    float square;
    int8_t steps[ROW_COLUMNS];
} Row;

/* What scoring needs of the model; see nlp/model.py for what the tables are. The last row weighs nothing. */
typedef struct {
    int32_t words, bits, routes, heads, topics;
    float route_scale, topic_scale;
    const Row *rows;
    const float *scale;            /* ROW_COLUMNS: a step's worth in each column */
    const float *intercepts;       /* ROW_COLUMNS */
    const float *damped;           /* 1 + ln n, 256 of them */
    const uint32_t *mix;           /* three tables of 65536 */
    const uint8_t *shows;          /* by word */
    const Trie *vocabulary;        /* word -> index + 1 */
    const Trie *anchors;           /* word -> number + 1 */
    const Cutter *cutter;
} Tables;

#define SHOWN_MOST 5
#define TOPICS_SHOWN 3
/* One text's answer: floats and whole numbers of four bytes. */
typedef struct {
    float margins[HEAD_COLUMNS];
    float routes[HEAD_COLUMNS];
    int32_t topic[TOPICS_SHOWN];
    float topic_share[TOPICS_SHOWN];
    int32_t shown_count, shown_low[SHOWN_MOST], shown_high[SHOWN_MOST];
    float shown_weight[SHOWN_MOST];
} Answer;

int32_t read_texts(const Tables *tables, const uint32_t *codes, const int32_t *starts, int32_t texts, int32_t column,
                   Answer *answers, int32_t *anchors, int32_t room);

/* Replaces every code by table[code] and finds the texts in which something may have to be left out (kinds: 1 speaks
 * for it by itself; 2 is a blank, which does beside another or with one character between). Text t ends at ends[t]. */
void fold_texts(uint32_t *codes, const int32_t *ends, int32_t texts, const uint32_t *table, int32_t table_size,
                const uint8_t *kinds, uint8_t *notable);

#endif

/* Cuts text into words exactly as jieba 0.42 does (jieba/__init__.py, jieba/finalseg/__init__.py): the most probable
 * path over the dictionary, and a hidden Markov model for runs of single characters. */
#include "kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PLANE 0x10000u
/* In place of a log probability: of frequency 0, as jieba calls what only begins words. */
#define NO_WORD 1.0

enum { B, E, M, S, STATES };

/* Places for pairs of characters that begin a word; of pairs that begin none one in twenty-five is taken for such. */
#define PAIR_BITS 22

struct Cutter {
    Trie *words;        /* word -> place of its frequency + 1 */
    int64_t *frequency; /* by place; only until the cutter is finished */
    double *logs;       /* by kind of frequency, to which the words' values change when it is finished */
    int32_t count, room;
    int64_t total;
    double start[STATES], trans[STATES][STATES];
    double *emit;       /* PLANE x STATES */
    uint32_t pairs[1u << (PAIR_BITS - 5)];
};

static inline uint32_t pair_place(uint32_t left, uint32_t right) {
    return ((left * 0x9E3779B1u + right * 0x85EBCA77u) * 0xC2B2AE3Du) >> (32 - PAIR_BITS);
}

static int set_frequency(Cutter *cutter, const uint32_t *word, int32_t length, int64_t frequency) {
    int32_t place = trie_find(cutter->words, word, length);
    if (!place) {
        if (cutter->count == cutter->room) {
            int64_t *more = realloc(cutter->frequency, (size_t)cutter->room * 2 * sizeof *more);
            if (!more)
                return -1;
            cutter->frequency = more;
            cutter->room *= 2;
        }
        cutter->frequency[cutter->count] = 0;
        place = ++cutter->count;
        if (trie_set(cutter->words, word, length, place))
            return -1;
    }
    cutter->frequency[place - 1] = frequency;
    if (length > 1) {
        uint32_t pair = pair_place(word[0], word[1]);
        cutter->pairs[pair >> 5] |= 1u << (pair & 31);
    }
    return 0;
}

int cutter_add(Cutter *cutter, const uint32_t *word, int32_t length, int64_t frequency) {
    int32_t known = trie_find(cutter->words, word, length);
    cutter->total += frequency - (known ? cutter->frequency[known - 1] : 0);
    return set_frequency(cutter, word, length, frequency);
}

/* The words of jieba's dictionary have but five thousand frequencies. The trie holds from here on which of them a word
 * has, and the table that is looked up for every character stays in the processor's cache. */
int cutter_finish(Cutter *cutter) {
    const double log_total = log((double)cutter->total);
    const size_t most = (size_t)cutter->count + 1;
    uint32_t last = 1023;
    while (last < 2 * most)
        last = last * 2 + 1;
    int32_t *kind_at = calloc((size_t)last + 1, sizeof *kind_at), *kind_of = malloc(most * sizeof *kind_of), kinds = 0;
    int64_t *frequency_of = malloc(most * sizeof *frequency_of);
    cutter->logs = malloc(most * sizeof *cutter->logs);
    const int ready = kind_at && kind_of && frequency_of && cutter->logs;
    if (ready) {
        kind_of[0] = 0;
        /* [0]: what is no word counts as frequency one. */
        cutter->logs[0] = log(1.0) - log_total;
        for (int32_t at = 0; at < cutter->count; at++) {
            int64_t frequency = cutter->frequency[at];
            uint32_t place = (uint32_t)(((uint64_t)frequency * 0x9E3779B97F4A7C15ull) >> 32) & last;
            while (kind_at[place] && frequency_of[kind_at[place]] != frequency)
                place = (place + 1) & last;
            if (!kind_at[place]) {
                kind_at[place] = ++kinds;
                frequency_of[kinds] = frequency;
                cutter->logs[kinds] = frequency ? log((double)frequency) - log_total : NO_WORD;
            }
            kind_of[at + 1] = kind_at[place];
        }
        trie_map(cutter->words, kind_of);
        free(cutter->frequency);
        cutter->frequency = NULL;
    }
    free(kind_at);
    free(kind_of);
    free(frequency_of);
    return ready ? 0 : -1;
}

void cutter_free(Cutter *cutter) {
    if (!cutter)
        return;
    trie_free(cutter->words);
    free(cutter->frequency);
    free(cutter->logs);
    free(cutter->emit);
    free(cutter);
}

/* One line "word frequency tag" of UTF-8; the number of bytes read, -1 where it has another form. */
static int64_t add_line(Cutter *cutter, const unsigned char *line, const unsigned char *end) {
    uint32_t word[256];
    int32_t length = 0;
    const unsigned char *at = line;
    while (at < end && *at != ' ' && *at != '\n') {
        uint32_t code = *at++;
        int more = code < 0x80 ? 0 : code < 0xe0 ? 1 : code < 0xf0 ? 2 : 3;
        if (more)
            code &= 0x3fu >> more;
        for (; more && at < end; more--)
            code = code << 6 | (*at++ & 0x3f);
        if (length == 256)
            return -1;
        word[length++] = code;
    }
    if (at == end || *at != ' ' || !length)
        return -1;
    int64_t frequency = 0;
    for (at++; at < end && *at >= '0' && *at <= '9'; at++)
        frequency = frequency * 10 + (*at - '0');
    while (at < end && *at != '\n')
        at++;
    /* jieba counts a word that stands twice in its dictionary twice in the total. */
    cutter->total += frequency;
    if (set_frequency(cutter, word, length, frequency))
        return -1;
    return at - line + 1;
}

Cutter *cutter_new(const char *dictionary, int64_t size, const double *start, const double *trans, const double *emit) {
    Cutter *cutter = calloc(1, sizeof *cutter);
    if (!cutter)
        return NULL;
    cutter->words = trie_new();
    cutter->room = 1 << 16;
    cutter->frequency = malloc((size_t)cutter->room * sizeof *cutter->frequency);
    cutter->emit = malloc(PLANE * STATES * sizeof *cutter->emit);
    int64_t read = 0, step = 0;
    if (cutter->words && cutter->frequency && cutter->emit) {
        memcpy(cutter->start, start, sizeof cutter->start);
        memcpy(cutter->trans, trans, sizeof cutter->trans);
        memcpy(cutter->emit, emit, PLANE * STATES * sizeof *cutter->emit);
        const unsigned char *bytes = (const unsigned char *)dictionary;
        for (; read < size && step >= 0; read += step)
            step = add_line(cutter, bytes + read, bytes + size);
    } else {
        step = -1;
    }
    if (step < 0) {
        cutter_free(cutter);
        return NULL;
    }
    return cutter;
}

/* Whether some word may begin so: spares most look-ups in the trie, whose table outgrows the processor's cache. */
static inline int begins_word(const Cutter *cutter, uint32_t left, uint32_t right) {
    uint32_t place = pair_place(left, right);
    return cutter->pairs[place >> 5] >> (place & 31) & 1;
}

static int is_han(uint32_t code) { return code >= 0x4e00 && code <= 0x9fd5; }
static int is_digit(uint32_t code) { return code >= '0' && code <= '9'; }
static int is_alnum(uint32_t code) {
    return is_digit(code) || (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
}
static int in_block(uint32_t code) {
    return is_han(code) || is_alnum(code) || code == '+' || code == '#' || code == '&' || code == '.' || code == '_' ||
           code == '%' || code == '-';
}

typedef struct {
    double *best;   /* by position, of the dictionary path */
    int32_t *reach; /* by position: where the word that begins there ends */
    uint8_t *from;  /* position x STATES: best state before */
    int32_t *word_at;
    int32_t count;
} Work;

static const uint8_t BEFORE[STATES][2] = {
    /* The later letter first: jieba's max() takes it when both are equally probable. */
    [B] = {S, E}, [E] = {M, B}, [M] = {M, B}, [S] = {S, E}};

/* finalseg.__cut: a run of ideographs by the hidden Markov model. */
static void cut_hidden(const Cutter *cutter, const uint32_t *codes, int32_t low, int32_t high, Work *work) {
    double now[STATES], before[STATES];
    const double *emit = cutter->emit + (size_t)codes[low] * STATES;
    for (int y = 0; y < STATES; y++)
        now[y] = cutter->start[y] + emit[y];
    for (int32_t at = low + 1; at < high; at++) {
        memcpy(before, now, sizeof now);
        emit = cutter->emit + (size_t)codes[at] * STATES;
        for (int y = 0; y < STATES; y++) {
            uint8_t one = BEFORE[y][0], two = BEFORE[y][1];
            double first = before[one] + cutter->trans[one][y] + emit[y];
            double second = before[two] + cutter->trans[two][y] + emit[y];
            now[y] = second > first ? second : first;
            work->from[(size_t)at * STATES + y] = second > first ? two : one;
        }
    }
    uint8_t state = now[S] >= now[E] ? S : E;
    for (int32_t at = high - 1; at >= low; at--) {
        uint8_t prior = work->from[(size_t)at * STATES + state];
        work->from[(size_t)at * STATES] = state;
        state = prior;
    }
    int32_t next = low;
    for (int32_t at = low; at < high; at++) {
        uint8_t said = work->from[(size_t)at * STATES];
        if (said == B) {
            /* jieba drops what stood between a word and a later beginning; its states never come in that order. */
            next = at;
        } else if (said == E || said == S) {
            work->word_at[work->count++] = said == S ? at : next;
            next = at + 1;
        }
    }
    if (next < high)
        work->word_at[work->count++] = next;
}

/* finalseg.cut: ideographs by the model; of the rest, numbers and Latin words are one word each. */
static void cut_unknown(const Cutter *cutter, const uint32_t *codes, int32_t low, int32_t high, Work *work) {
    int32_t at = low;
    while (at < high) {
        int32_t end = at;
        if (is_han(codes[at])) {
            while (end < high && is_han(codes[end]))
                end++;
            cut_hidden(cutter, codes, at, end, work);
        } else if (is_alnum(codes[at])) {
            while (end < high && is_alnum(codes[end]))
                end++;
            if (end + 1 < high && codes[end] == '.' && is_digit(codes[end + 1]))
                for (end++; end < high && is_digit(codes[end]);)
                    end++;
            if (end < high && codes[end] == '%')
                end++;
            work->word_at[work->count++] = at;
        } else {
            while (end < high && !is_han(codes[end]) && !is_alnum(codes[end]))
                end++;
            work->word_at[work->count++] = at;
        }
        at = end;
    }
}

/* What stood between two dictionary words, all of single characters. */
static void flush(const Cutter *cutter, const uint32_t *codes, int32_t low, int32_t high, Work *work) {
    if (high <= low)
        return;
    int32_t place = high - low > 1 ? trie_find(cutter->words, codes + low, high - low) : 0;
    if (high - low > 1 && !(place && cutter->logs[place] != NO_WORD)) {
        cut_unknown(cutter, codes, low, high, work);
        return;
    }
    for (int32_t at = low; at < high; at++)
        work->word_at[work->count++] = at;
}

/* Tokenizer.__cut_DAG on one block. */
static void cut_block(const Cutter *cutter, const uint32_t *codes, int32_t low, int32_t high, Work *work) {
    work->best[high] = 0;
    for (int32_t at = low; at + 1 < high; at++)
        if (begins_word(cutter, codes[at], codes[at + 1]))
            trie_soon(cutter->words, codes[at], codes[at + 1]);
    for (int32_t at = high - 1; at >= low; at--) {
        double best = 0;
        int32_t reach = -1, node = 0;
        for (int32_t to = at; to < high; to++) {
            int32_t place;
            node = trie_step(cutter->words, node, codes[to], &place);
            if (node < 0)
                break;
            if (place && cutter->logs[place] != NO_WORD) {
                double here = cutter->logs[place] + work->best[to + 1];
                /* Of equally probable words jieba takes the longest. */
                if (reach < 0 || here >= best) {
                    best = here;
                    reach = to + 1;
                }
            }
            if (node == LEAF || (to == at && to + 1 < high && !begins_word(cutter, codes[to], codes[to + 1])))
                break;
        }
        if (reach < 0) {
            reach = at + 1;
            best = cutter->logs[0] + work->best[at + 1];
        }
        work->best[at] = best;
        work->reach[at] = reach;
    }
    int32_t single = low;
    for (int32_t at = low; at < high; at = work->reach[at]) {
        if (work->reach[at] - at > 1) {
            flush(cutter, codes, single, at, work);
            work->word_at[work->count++] = at;
            single = work->reach[at];
        }
    }
    flush(cutter, codes, single, high, work);
}

int32_t cutter_cut(const Cutter *cutter, const uint32_t *codes, int32_t size, int32_t *word_at) {
    Work work = {.word_at = word_at};
    work.best = malloc((size_t)(size + 1) * sizeof *work.best);
    work.reach = malloc((size_t)(size + 1) * sizeof *work.reach);
    work.from = malloc((size_t)(size + 1) * STATES);
    int32_t count = -1;
    if (work.best && work.reach && work.from) {
        int32_t at = 0;
        while (at < size) {
            int32_t end = at + 1;
            if (in_block(codes[at])) {
                while (end < size && in_block(codes[end]))
                    end++;
                cut_block(cutter, codes, at, end, &work);
            } else {
                work.word_at[work.count++] = at;
            }
            at = end;
        }
        count = work.count;
    }
    free(work.best);
    free(work.reach);
    free(work.from);
    return count;
}

int32_t cutter_search(const Cutter *cutter, const uint32_t *codes, int32_t size, const int32_t *word_at, int32_t words,
                      int32_t *places) {
    int32_t count = 0;
    for (int32_t word = 0; word < words; word++) {
        int32_t low = word_at[word], high = word + 1 < words ? word_at[word + 1] : size;
        for (int32_t length = 2; length <= 3; length++)
            for (int32_t at = low; high - low > length && at + length <= high; at++) {
                int32_t place = trie_find(cutter->words, codes + at, length);
                if (place && cutter->logs[place] != NO_WORD) {
                    places[2 * count] = at;
                    places[2 * count++ + 1] = at + length;
                }
            }
        places[2 * count] = low;
        places[2 * count++ + 1] = high;
    }
    return count;
}

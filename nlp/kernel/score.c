/* Features, margins, evidence and phrase places of a batch in one pass; what they are is told in nlp/features.py,
 * nlp/scoring.py, nlp/evidence.py and nlp/phrases.py, whose numbers these are. */
#include "kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PLANE_LAST 0xffffu
#define BLOCKS 3
#define DAMPED_LAST 255
#define BEST_ROUTE (-1)
#define NO_EVIDENCE (-2)
#define LEAD_LEAST 4
#define LEAD_MOST 40
#define SHOWN_SHARE 0.02f
#define SHOWN_LONGEST 18

/* Rows are gathered from tables of small whole numbers; wider registers halve the time where the machine has them. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__linux__)
#define FAST __attribute__((target_clones("avx2", "default")))
#else
#define FAST
#endif

typedef struct {
    int32_t row, count;
} Slot;

typedef struct {
    int32_t *one, *two;              /* by character of the text: rows */
    int32_t *word, *pair, *lead;     /* by word of the text: rows */
    float *share;                    /* by word */
    Slot *slots;                     /* row -> how often, for one text */
    int32_t *used;                   /* places of slots in use */
    int32_t used_count;
    uint32_t mask;
} Scratch;

static int is_sentence_end(uint32_t code) {
    return code == 0x3002 || code == '!' || code == '?' || code == ';' || code == '\n';
}

/* A row fills one line of the processor's cache. The table outgrows the cache: what will be added up is asked for while
 * the rest is still hashed. */
static inline const Row *row_of(const Tables *tables, int32_t row) { return tables->rows + row; }

static void count_row(const Tables *tables, Scratch *scratch, int32_t row) {
    uint32_t at = ((uint32_t)row * 0x9E3779B1u) & scratch->mask;
    while (scratch->slots[at].count && scratch->slots[at].row != row)
        at = (at + 1) & scratch->mask;
    if (!scratch->slots[at].count) {
        scratch->slots[at].row = row;
        scratch->used[scratch->used_count++] = (int32_t)at;
        SOON(row_of(tables, row));
    }
    scratch->slots[at].count++;
}

static uint32_t pair_of_words(int32_t left, int32_t right, int32_t bits) {
    uint32_t key = (uint32_t)left * 0x9E3779B1u + (uint32_t)right * 0x85EBCA77u;
    key ^= key >> 15;
    return (key * 0xC2B2AE3Du) >> (32 - bits);
}

/* Rows of every character, pair and word of one text, each counted. Words are known by their offsets. */
static void find_rows(const Tables *tables, const uint32_t *codes, int32_t size, const int32_t *word_at, int32_t words,
                      int32_t origin, Scratch *scratch) {
    const uint32_t *first = tables->mix, *second = first + PLANE_LAST + 1, *third = second + PLANE_LAST + 1;
    const int32_t pairs_at = tables->words, chars_at = pairs_at + (1 << tables->bits);
    const int32_t lead_at = chars_at + (1 << tables->bits), nothing = lead_at + tables->words;
    for (int32_t at = 0; at < size; at++) {
        uint32_t code = codes[at] < PLANE_LAST ? codes[at] : PLANE_LAST;
        scratch->one[at] = scratch->two[at] = nothing;
        if (codes[at] == '\n')
            continue;
        scratch->one[at] = chars_at + (int32_t)(first[code] >> (32 - tables->bits));
        count_row(tables, scratch, scratch->one[at]);
        if (at + 1 < size && codes[at + 1] != '\n') {
            uint32_t next = codes[at + 1] < PLANE_LAST ? codes[at + 1] : PLANE_LAST;
            scratch->two[at] = chars_at + (int32_t)((second[code] ^ third[next]) >> (32 - tables->bits));
            count_row(tables, scratch, scratch->two[at]);
        }
    }
    int32_t lead_end = LEAD_MOST;
    for (int32_t at = LEAD_LEAST; at < LEAD_MOST && at < size; at++)
        if (is_sentence_end(codes[at])) {
            lead_end = at;
            break;
        }
    for (int32_t at = 0; at < words; at++) {
        int32_t begin = word_at[at] - origin, end = (at + 1 < words ? word_at[at + 1] - origin : size);
        int32_t known = trie_find(tables->vocabulary, codes + begin, end - begin);
        scratch->word[at] = known ? known - 1 : nothing;
        scratch->pair[at] = scratch->lead[at] = nothing;
        if (!known)
            continue;
        count_row(tables, scratch, scratch->word[at]);
        if (begin < lead_end) {
            scratch->lead[at] = lead_at + scratch->word[at];
            count_row(tables, scratch, scratch->lead[at]);
        }
        if (at && scratch->word[at - 1] < nothing) {
            scratch->pair[at - 1] =
                pairs_at + (int32_t)pair_of_words(scratch->word[at - 1], scratch->word[at], tables->bits);
            count_row(tables, scratch, scratch->pair[at - 1]);
        }
    }
}

/* Sums over the counted rows; leaves the length of each block in `norm` and empties the slots. */
#define FEWER_COLUMNS 40
FAST static void add_up(const Tables *tables, Scratch *scratch, float *norm, float *out) {
    const int32_t pairs_at = tables->words, chars_at = pairs_at + (1 << tables->bits);
    const int32_t lead_at = chars_at + (1 << tables->bits);
    double square[BLOCKS] = {0};
    float sums[ROW_COLUMNS] = {0};
    const int more = HEAD_COLUMNS + tables->topics > FEWER_COLUMNS;
    for (int32_t at = 0; at < scratch->used_count; at++) {
        const Slot *slot = &scratch->slots[scratch->used[at]];
        float damped = tables->damped[slot->count < DAMPED_LAST ? slot->count : DAMPED_LAST];
        int block = slot->row < chars_at ? 0 : slot->row < lead_at ? 1 : 2;
        square[block] += (double)(row_of(tables, slot->row)->square * damped * damped);
    }
    for (int block = 0; block < BLOCKS; block++)
        norm[block] = square[block] > 0 ? (float)sqrt(square[block]) : 1.0f;
    for (int32_t at = 0; at < scratch->used_count; at++) {
        Slot *slot = &scratch->slots[scratch->used[at]];
        int32_t row = slot->row;
        int block = row < chars_at ? 0 : row < lead_at ? 1 : 2;
        float weight = tables->damped[slot->count < DAMPED_LAST ? slot->count : DAMPED_LAST] / norm[block];
        slot->count = 0;
        const int8_t *steps = row_of(tables, row)->steps;
        /* Whole registers; what stands beyond the topics in use is nought. */
        for (int32_t column = 0; column < FEWER_COLUMNS; column++)
            sums[column] += weight * (float)steps[column];
        if (more)
            for (int32_t column = FEWER_COLUMNS; column < ROW_COLUMNS; column++)
                sums[column] += weight * (float)steps[column];
    }
    scratch->used_count = 0;
    memcpy(out, sums, sizeof sums);
}

/* What each word adds to the margin of `column`; the sum of what speaks for it. */
static float weigh_words(const Tables *tables, int32_t size, const int32_t *word_at, int32_t words, int32_t origin,
                         const float *norm, int32_t column, Scratch *scratch) {
    float mass = 0;
    for (int32_t at = 0; at < words; at++) {
        int32_t begin = word_at[at] - origin, end = (at + 1 < words ? word_at[at + 1] - origin : size);
        float chars = 0;
        for (int32_t place = begin; place < end; place++) {
            /* Half of a pair's weight lies on each of its two characters. */
            chars += (float)row_of(tables, scratch->one[place])->steps[column];
            chars += 0.5f * (float)row_of(tables, scratch->two[place])->steps[column];
            if (place)
                chars += 0.5f * (float)row_of(tables, scratch->two[place - 1])->steps[column];
        }
        float whole = (float)row_of(tables, scratch->word[at])->steps[column];
        whole += 0.5f * (float)row_of(tables, scratch->pair[at])->steps[column];
        if (at)
            whole += 0.5f * (float)row_of(tables, scratch->pair[at - 1])->steps[column];
        float lead = (float)row_of(tables, scratch->lead[at])->steps[column];
        float share = (chars / norm[1] + whole / norm[0] + lead / norm[2]) * tables->scale[column];
        scratch->share[at] = share > 0 ? share : 0;
        mass += scratch->share[at];
    }
    return mass;
}

/* Up to SHOWN_MOST stretches that speak most for `column`, heaviest first; of equal ones the first in the text. */
static void show(const Tables *tables, int32_t size, const int32_t *word_at, int32_t words, int32_t origin,
                    float mass, const Scratch *scratch, Answer *answer) {
    int32_t count = 0, last_word = -2, run_begin = 0, low = 0, high = 0, last_part = 0, open = 0;
    float weight = 0;
    if (mass <= 0)
        mass = 1;
    for (int32_t at = 0; at <= words; at++) {
        float share = at < words ? scratch->share[at] / mass : 0;
        int chosen = at < words && share >= SHOWN_SHARE && scratch->word[at] < tables->words &&
                     tables->shows[scratch->word[at]];
        int32_t begin = at < words ? word_at[at] - origin : size;
        int neighbour = chosen && last_word == at - 1;
        if (chosen && !neighbour)
            run_begin = begin;
        int32_t part = chosen ? (begin - run_begin) / SHOWN_LONGEST : 0;
        if (open && ((chosen && (!neighbour || part > last_part)) || at == words)) {
            int32_t place = count < SHOWN_MOST ? count : SHOWN_MOST;
            for (; place && answer->shown_weight[place - 1] < weight; place--)
                if (place < SHOWN_MOST) {
                    answer->shown_weight[place] = answer->shown_weight[place - 1];
                    answer->shown_low[place] = answer->shown_low[place - 1];
                    answer->shown_high[place] = answer->shown_high[place - 1];
                }
            if (place < SHOWN_MOST) {
                answer->shown_weight[place] = weight;
                answer->shown_low[place] = low;
                answer->shown_high[place] = high;
                count += count < SHOWN_MOST;
            }
            open = 0;
        }
        if (!chosen)
            continue;
        if (!open) {
            low = begin;
            weight = 0;
            open = 1;
        }
        weight += share;
        high = at + 1 < words ? word_at[at + 1] - origin : size;
        last_part = part;
        last_word = at;
    }
    answer->shown_count = count;
}

/* Every place where an anchor word stands: text, its first character, its number; how many stand there in all. */
static int32_t find_anchors(const Tables *tables, const uint32_t *codes, int32_t size, int32_t text, int32_t count,
                            int32_t *anchors, int32_t room) {
    for (int32_t begin = 0; begin < size; begin++) {
        int32_t node = 0, value;
        for (int32_t at = begin; at < size; at++) {
            if ((node = trie_step(tables->anchors, node, codes[at], &value)) < 0)
                break;
            if (value && count++ < room) {
                anchors[3 * (size_t)count - 3] = text;
                anchors[3 * (size_t)count - 2] = begin;
                anchors[3 * (size_t)count - 1] = value - 1;
            }
            if (node == LEAF)
                break;
        }
    }
    return count;
}

/* exp(x - max) over its sum, as nlp.scoring.softmax. */
static void softmax(const float *margins, int32_t count, float scale, float *shares) {
    float most = margins[0] * scale, sum = 0;
    for (int32_t at = 1; at < count; at++)
        most = margins[at] * scale > most ? margins[at] * scale : most;
    for (int32_t at = 0; at < count; at++)
        sum += shares[at] = expf(margins[at] * scale - most);
    for (int32_t at = 0; at < count; at++)
        shares[at] /= sum;
}

/* Margins and shares out of the sums; the most probable topics, of equal ones the first. */
static void calibrate(const Tables *tables, float *sums, Answer *answer) {
    float shares[ROW_COLUMNS];
    for (int32_t column = 0; column < ROW_COLUMNS; column++)
        sums[column] = sums[column] * tables->scale[column] + tables->intercepts[column];
    memcpy(answer->margins, sums, sizeof answer->margins);
    softmax(sums, tables->routes, tables->route_scale, answer->routes);
    softmax(sums + HEAD_COLUMNS, tables->topics, tables->topic_scale, shares);
    for (int32_t rank = 0; rank < TOPICS_SHOWN; rank++) {
        int32_t best = -1;
        for (int32_t topic = 0; topic < tables->topics; topic++)
            if (shares[topic] >= 0 && (best < 0 || shares[topic] > shares[best]))
                best = topic;
        answer->topic[rank] = best;
        answer->topic_share[rank] = best < 0 ? 0 : shares[best];
        if (best >= 0)
            shares[best] = -1;
    }
}

static void read_text(const Tables *tables, const uint32_t *codes, int32_t size, const int32_t *word_at, int32_t words,
                      int32_t origin, int32_t column, Scratch *scratch, Answer *answer) {
    float norm[BLOCKS], sums[ROW_COLUMNS];
    find_rows(tables, codes, size, word_at, words, origin, scratch);
    add_up(tables, scratch, norm, sums);
    calibrate(tables, sums, answer);
    answer->shown_count = 0;
    if (column == NO_EVIDENCE)
        return;
    if (column == BEST_ROUTE) {
        column = 0;
        for (int32_t route = 1; route < tables->routes; route++)
            if (answer->margins[route] > answer->margins[column])
                column = route;
    }
    float mass = weigh_words(tables, size, word_at, words, origin, norm, column, scratch);
    show(tables, size, word_at, words, origin, mass, scratch, answer);
}

/* A power of two: at most five rows a character, and the slots stay half empty. */
static uint32_t slots_for(int32_t size) {
    uint32_t places = 1024;
    while (places < (uint32_t)size * 10u)
        places *= 2;
    return places;
}

/* Reads `texts` texts joined in `codes`, each followed by a line feed; text t has the characters
 * [starts[t], starts[t + 1] - 1). `column` is the head that evidence is shown for, BEST_ROUTE or NO_EVIDENCE.
 * Returns how many anchors stand in all texts, of which the first `room` are stored; -1 when memory is short. */
int32_t read_texts(const Tables *tables, const uint32_t *codes, const int32_t *starts, int32_t texts, int32_t column,
                   Answer *answers, int32_t *anchors, int32_t room) {
    int32_t longest = 0, all = starts[texts], found = -1;
    for (int32_t text = 0; text < texts; text++)
        if (starts[text + 1] - starts[text] > longest)
            longest = starts[text + 1] - starts[text];
    uint32_t places = slots_for(longest);
    size_t most = (size_t)longest + 1;
    int32_t *block = malloc((most * 10 + (size_t)all + 1) * sizeof *block);
    Scratch scratch = {.used_count = 0};
    scratch.share = malloc(most * sizeof *scratch.share);
    scratch.slots = calloc(places, sizeof *scratch.slots);
    if (block && scratch.share && scratch.slots) {
        scratch.one = block;
        scratch.two = block + most;
        scratch.word = block + 2 * most;
        scratch.pair = block + 3 * most;
        scratch.lead = block + 4 * most;
        scratch.used = block + 5 * most;
        int32_t *word_at = block + 10 * most;
        int32_t words = cutter_cut(tables->cutter, codes, all, word_at), next = 0;
        found = words < 0 ? -1 : 0;
        for (int32_t text = 0; text < texts && found >= 0; text++) {
            int32_t origin = starts[text], size = starts[text + 1] - origin - 1, first = next;
            while (next < words && word_at[next] < origin + size)
                next++;
            /* A short text beside a long one keeps to slots that fit into the processor's nearest cache. */
            scratch.mask = slots_for(size) - 1;
            read_text(tables, codes + origin, size, word_at + first, next - first, origin, column, &scratch,
                      answers + text);
            found = find_anchors(tables, codes + origin, size, text, found, anchors, room);
            /* The line feed after the text is a word of its own. */
            next++;
        }
    }
    free(block);
    free(scratch.share);
    free(scratch.slots);
    return found;
}

void fold_texts(uint32_t *codes, const int32_t *ends, int32_t texts, const uint32_t *table, int32_t table_size,
                const uint8_t *kinds, uint8_t *notable) {
    int32_t at = 0;
    for (int32_t text = 0; text < texts; text++) {
        int32_t blank = -2, begin = at;
        uint8_t seen = 0;
        for (; at < ends[text]; at++) {
            uint32_t code = codes[at] < (uint32_t)table_size ? table[codes[at]] : codes[at];
            uint8_t kind = kinds[code < PLANE_LAST ? code : PLANE_LAST];
            codes[at] = code;
            if (kind == 1)
                seen = 1;
            if (kind == 2) {
                seen |= at - blank <= 2 || at == begin + 1;
                blank = at;
            }
        }
        notable[text] = seen;
    }
}

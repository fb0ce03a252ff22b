/* Features, margins, evidence and phrase places of a batch in one pass; what they are is told in nlp/features.py,
 * nlp/scoring.py, nlp/evidence.py and nlp/phrases.py, whose numbers these are. */
#include "kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PLANE_LAST 0xffffu
#define BLOCKS 3
#define DAMPED_LAST 255
#define LEAD_LEAST 4
#define LEAD_MOST 40
#define SHOWN_MOST 5
#define SHOWN_SHARE 0.02f
#define SHOWN_LONGEST 18
#define TOPICS_MOST 64
#define HEADS_MOST 16

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

static void count_row(Scratch *scratch, int32_t row) {
    uint32_t at = ((uint32_t)row * 0x9E3779B1u) & scratch->mask;
    while (scratch->slots[at].count && scratch->slots[at].row != row)
        at = (at + 1) & scratch->mask;
    if (!scratch->slots[at].count) {
        scratch->slots[at].row = row;
        scratch->used[scratch->used_count++] = (int32_t)at;
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
        count_row(scratch, scratch->one[at]);
        if (at + 1 < size && codes[at + 1] != '\n') {
            uint32_t next = codes[at + 1] < PLANE_LAST ? codes[at + 1] : PLANE_LAST;
            scratch->two[at] = chars_at + (int32_t)((second[code] ^ third[next]) >> (32 - tables->bits));
            count_row(scratch, scratch->two[at]);
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
        count_row(scratch, scratch->word[at]);
        if (begin < lead_end) {
            scratch->lead[at] = lead_at + scratch->word[at];
            count_row(scratch, scratch->lead[at]);
        }
        if (at && scratch->word[at - 1] < nothing) {
            scratch->pair[at - 1] =
                pairs_at + (int32_t)pair_of_words(scratch->word[at - 1], scratch->word[at], tables->bits);
            count_row(scratch, scratch->pair[at - 1]);
        }
    }
}

/* Sums over the counted rows; leaves the length of each block in `norm` and empties the slots. */
FAST static void add_up(const Tables *tables, Scratch *scratch, float *norm, float *margins, float *topics) {
    const int32_t pairs_at = tables->words, chars_at = pairs_at + (1 << tables->bits);
    const int32_t lead_at = chars_at + (1 << tables->bits), left_out = chars_at - pairs_at;
    double square[BLOCKS] = {0};
    float heads[HEADS_MOST] = {0}, codes[TOPICS_MOST] = {0};
    for (int32_t at = 0; at < scratch->used_count; at++) {
        const Slot *slot = &scratch->slots[scratch->used[at]];
        float damped = tables->damped[slot->count < DAMPED_LAST ? slot->count : DAMPED_LAST];
        int block = slot->row < chars_at ? 0 : slot->row < lead_at ? 1 : 2;
        square[block] += (double)(tables->squares[slot->row] * damped * damped);
    }
    for (int block = 0; block < BLOCKS; block++)
        norm[block] = square[block] > 0 ? (float)sqrt(square[block]) : 1.0f;
    for (int32_t at = 0; at < scratch->used_count; at++) {
        Slot *slot = &scratch->slots[scratch->used[at]];
        int32_t row = slot->row;
        int block = row < chars_at ? 0 : row < lead_at ? 1 : 2;
        float weight = tables->damped[slot->count < DAMPED_LAST ? slot->count : DAMPED_LAST] / norm[block];
        slot->count = 0;
        const int8_t *steps = tables->steps + (size_t)row * (size_t)tables->columns;
        for (int32_t column = 0; column < tables->columns; column++)
            heads[column] += weight * (float)steps[column];
        if (row >= pairs_at && row < chars_at)
            continue;
        steps = tables->topic_steps + (size_t)(row < pairs_at ? row : row - left_out) * (size_t)tables->topic_columns;
        for (int32_t column = 0; column < tables->topic_columns; column++)
            codes[column] += weight * (float)steps[column];
    }
    scratch->used_count = 0;
    memcpy(margins, heads, (size_t)tables->columns * sizeof *heads);
    memcpy(topics, codes, (size_t)tables->topic_columns * sizeof *codes);
}

/* What each word adds to the margin of `column`; the sum of what speaks for it. */
static float weigh_words(const Tables *tables, int32_t size, const int32_t *word_at, int32_t words, int32_t origin,
                         const float *norm, int32_t column, Scratch *scratch) {
    const int8_t *steps = tables->steps + column;
    const size_t columns = (size_t)tables->columns;
    float mass = 0;
    for (int32_t at = 0; at < words; at++) {
        int32_t begin = word_at[at] - origin, end = (at + 1 < words ? word_at[at + 1] - origin : size);
        float chars = 0;
        for (int32_t place = begin; place < end; place++) {
            /* Half of a pair's weight lies on each of its two characters. */
            chars += (float)steps[(size_t)scratch->one[place] * columns];
            chars += 0.5f * (float)steps[(size_t)scratch->two[place] * columns];
            if (place)
                chars += 0.5f * (float)steps[(size_t)scratch->two[place - 1] * columns];
        }
        float whole = (float)steps[(size_t)scratch->word[at] * columns];
        whole += 0.5f * (float)steps[(size_t)scratch->pair[at] * columns];
        if (at)
            whole += 0.5f * (float)steps[(size_t)scratch->pair[at - 1] * columns];
        float lead = (float)steps[(size_t)scratch->lead[at] * columns];
        float share = (chars / norm[1] + whole / norm[0] + lead / norm[2]) * tables->scale[column];
        scratch->share[at] = share > 0 ? share : 0;
        mass += scratch->share[at];
    }
    return mass;
}

/* Up to SHOWN_MOST stretches that speak most for `column`, heaviest first; of equal ones the first in the text. */
static int32_t show(const Tables *tables, int32_t size, const int32_t *word_at, int32_t words, int32_t origin,
                    float mass, const Scratch *scratch, int32_t *shown, float *weights) {
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
            while (place && weights[place - 1] < weight)
                place--;
            if (place < SHOWN_MOST) {
                int32_t moved = (count < SHOWN_MOST ? count : SHOWN_MOST - 1) - place;
                memmove(weights + place + 1, weights + place, (size_t)moved * sizeof *weights);
                memmove(shown + 2 * (place + 1), shown + 2 * place, (size_t)moved * 2 * sizeof *shown);
                weights[place] = weight;
                shown[2 * place] = low;
                shown[2 * place + 1] = high;
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
    return count;
}

/* Every place where an anchor word stands: text, its first character, its number. */
static void find_anchors(const Tables *tables, const uint32_t *codes, int32_t size, int32_t text, Results *results) {
    for (int32_t begin = 0; begin < size; begin++) {
        int32_t node = 0, value;
        for (int32_t at = begin; at < size; at++) {
            if ((node = trie_step(tables->anchors, node, codes[at], &value)) < 0)
                break;
            if (!value)
                continue;
            if (results->anchor_count < results->anchor_room) {
                int32_t *found = results->anchor_found + 3 * (size_t)results->anchor_count;
                found[0] = text;
                found[1] = begin;
                found[2] = value - 1;
            }
            results->anchor_count++;
        }
    }
}

/* Reads `texts` texts joined in `codes`, each followed by a line feed; text t has the characters
 * [starts[t], starts[t + 1] - 1). `word_at` holds the first character of every word, line feeds included. `column` is
 * the head that evidence is shown for; -1: the most probable route, -2: none.
 * margins: texts x columns sums of steps, without scale and intercept; topics: texts x topic_columns likewise;
 * shown: texts x SHOWN_MOST x (start, end); anchor_found: (text, start, number), of which anchor_count were found.
 * Returns 0, or -1 when memory is short. */
int score_texts(const Tables *tables, const uint32_t *codes, const int32_t *starts, int32_t texts,
                const int32_t *word_at, int32_t words, int32_t column, Results *results) {
    int32_t longest = 0;
    for (int32_t text = 0; text < texts; text++)
        if (starts[text + 1] - starts[text] > longest)
            longest = starts[text + 1] - starts[text];
    uint32_t places = 1024;
    /* At most five rows a character; the slots stay half empty. */
    while (places < (uint32_t)longest * 10u)
        places *= 2;
    size_t most = (size_t)longest + 1;
    Scratch scratch = {.mask = places - 1};
    int32_t *block = malloc(most * 10 * sizeof *block);
    scratch.share = malloc(most * sizeof *scratch.share);
    scratch.slots = calloc(places, sizeof *scratch.slots);
    results->anchor_count = 0;
    if (!block || !scratch.share || !scratch.slots) {
        free(block);
        free(scratch.share);
        free(scratch.slots);
        return -1;
    }
    scratch.one = block;
    scratch.two = block + most;
    scratch.word = block + 2 * most;
    scratch.pair = block + 3 * most;
    scratch.lead = block + 4 * most;
    scratch.used = block + 5 * most;
    int32_t next = 0;
    for (int32_t text = 0; text < texts; text++) {
        int32_t origin = starts[text], size = starts[text + 1] - origin - 1, first = next;
        while (next < words && word_at[next] < origin + size)
            next++;
        int32_t here = next - first;
        /* The line feed after the text is a word of its own. */
        next++;
        float norm[BLOCKS];
        float *margins = results->margins + (size_t)text * (size_t)tables->columns;
        find_rows(tables, codes + origin, size, word_at + first, here, origin, &scratch);
        add_up(tables, &scratch, norm, margins, results->topics + (size_t)text * (size_t)tables->topic_columns);
        find_anchors(tables, codes + origin, size, text, results);
        results->shown_count[text] = 0;
        if (column == -2)
            continue;
        int32_t wanted = column;
        if (column < 0) {
            wanted = 0;
            for (int32_t route = 1; route < tables->routes; route++)
                if (margins[route] * tables->scale[route] + tables->intercepts[route] >
                    margins[wanted] * tables->scale[wanted] + tables->intercepts[wanted])
                    wanted = route;
        }
        float mass = weigh_words(tables, size, word_at + first, here, origin, norm, wanted, &scratch);
        results->shown_count[text] =
            show(tables, size, word_at + first, here, origin, mass, &scratch,
                 results->shown + (size_t)text * SHOWN_MOST * 2, results->shown_weight + (size_t)text * SHOWN_MOST);
    }
    free(block);
    free(scratch.share);
    free(scratch.slots);
    return 0;
}

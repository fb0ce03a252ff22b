/* Words over code points in one hash table of (node, code) -> node, with the root's children in a plain array. */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#define PLANE 0x10000u

int32_t kernel_version(void) { return KERNEL_VERSION; }

typedef struct {
    uint64_t key; /* node + 1 in the upper half, so that 0 is an empty place */
    int32_t child; /* -1: none yet; LEAF: no word goes on from there */
    int32_t value; /* of the child, so that a step touches one place */
} Edge;

struct Trie {
    Edge *edges;
    uint64_t mask;
    int32_t nodes;
    int32_t used; /* edges */
    int32_t room;
    /* The root's children; child and value side by side, so that a step touches one place here too. */
    struct {
        int32_t child, value;
    } first[PLANE];
};

/* Empty places. Large tables are read at random: large pages, where the system gives them, spare most look-ups of
 * addresses. */
static Edge *new_edges(uint64_t count) {
    const size_t page = (size_t)1 << 21, size = count * sizeof(Edge);
#if defined(MADV_HUGEPAGE)
    void *edges = NULL;
    if (size >= page) {
        if (posix_memalign(&edges, page, size))
            return NULL;
        madvise(edges, size, MADV_HUGEPAGE);
        return memset(edges, 0, size);
    }
#endif
    (void)page;
    return calloc(count, sizeof(Edge));
}

static uint64_t place_of(uint64_t key) {
    key *= 0x9E3779B97F4A7C15ull;
    return key ^ (key >> 29);
}

Trie *trie_new(void) {
    Trie *trie = malloc(sizeof *trie);
    if (!trie)
        return NULL;
    trie->mask = 1023;
    trie->nodes = 1;
    trie->used = 0;
    trie->room = 512;
    trie->edges = new_edges(trie->mask + 1);
    for (uint32_t code = 0; code < PLANE; code++) {
        trie->first[code].child = -1;
        trie->first[code].value = 0;
    }
    if (!trie->edges) {
        trie_free(trie);
        return NULL;
    }
    return trie;
}

void trie_free(Trie *trie) {
    if (!trie)
        return;
    free(trie->edges);
    free(trie);
}

static uint64_t key_of(int32_t node, uint32_t code) { return ((uint64_t)(uint32_t)(node + 1) << 32) | code; }

static Edge *find(const Trie *trie, int32_t node, uint32_t code) {
    uint64_t key = key_of(node, code);
    uint64_t at = place_of(key) & trie->mask;
    while (trie->edges[at].key && trie->edges[at].key != key)
        at = (at + 1) & trie->mask;
    return &trie->edges[at];
}

static int grow(Trie *trie) {
    uint64_t old = trie->mask + 1;
    Edge *before = trie->edges, *larger = new_edges(old * 2);
    if (!larger)
        return -1;
    trie->room *= 2;
    trie->edges = larger;
    trie->mask = old * 2 - 1;
    for (uint64_t at = 0; at < old; at++)
        if (before[at].key)
            *find(trie, (int32_t)(before[at].key >> 32) - 1, (uint32_t)before[at].key) = before[at];
    free(before);
    return 0;
}

int trie_set(Trie *trie, const uint32_t *word, int32_t length, int32_t value) {
    int32_t node = 0;
    for (int32_t at = 0; at < length; at++) {
        int32_t *next, *here;
        /* Half full at most: room is half the number of places. */
        if (trie->used >= trie->room && grow(trie))
            return -1;
        if (node == 0 && word[at] < PLANE) {
            next = &trie->first[word[at]].child;
            here = &trie->first[word[at]].value;
        } else {
            Edge *edge = find(trie, node, word[at]);
            if (!edge->key) {
                edge->key = key_of(node, word[at]);
                edge->child = -1;
                trie->used++;
            }
            next = &edge->child;
            here = &edge->value;
        }
        if (*next < 0)
            *next = LEAF;
        if (at == length - 1)
            *here = value;
        else if (*next == LEAF)
            *next = trie->nodes++;
        node = *next;
    }
    return 0;
}

int32_t trie_step(const Trie *trie, int32_t node, uint32_t code, int32_t *value) {
    if (node == 0 && code < PLANE) {
        *value = trie->first[code].value;
        return trie->first[code].child;
    }
    const Edge *edge = find(trie, node, code);
    *value = edge->value;
    return edge->key ? edge->child : -1;
}

void trie_soon(const Trie *trie, uint32_t code, uint32_t next) {
    int32_t node = code < PLANE ? trie->first[code].child : -1;
    if (node > 0)
        SOON(&trie->edges[place_of(key_of(node, next)) & trie->mask]);
}

int32_t trie_find(const Trie *trie, const uint32_t *word, int32_t length) {
    int32_t node = 0, value = 0;
    for (int32_t at = 0; at < length; at++) {
        if (at && node == LEAF)
            return 0;
        node = trie_step(trie, node, word[at], &value);
        if (node < 0)
            return 0;
    }
    return value;
}

void trie_map(Trie *trie, const int32_t *values) {
    for (uint32_t code = 0; code < PLANE; code++)
        trie->first[code].value = values[trie->first[code].value];
    for (uint64_t at = 0; at <= trie->mask; at++)
        trie->edges[at].value = values[trie->edges[at].value];
}

/* All of it as one unit, so that the small functions of the trie are drawn into the loops that call them. */
#include "trie.c"

#include "cut.c"

#include "score.c"

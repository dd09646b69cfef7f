#include "generator.h"

/* The next number, of 24 bits: the lowest bits of the state repeat too soon. */
static uint32_t next(generator *generator) {
    generator->state = generator->state * 1664525u + 1013904223u;
    return generator->state >> 8;
}

void shuffle(generator *generator, examples *rows) {
    for (size_t last = rows->count - 1; last > 0; last--) {
        size_t other = next(generator) % (last + 1);
        example kept = rows->items[last];
        rows->items[last] = rows->items[other];
        rows->items[other] = kept;
    }
}

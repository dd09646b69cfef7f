/* The linear congruential generator of "Numerical Recipes", whose numbers are easily the same in every language. A guest that needs no twin in
 * another language takes `trialbox_random`. */
#ifndef GENERATOR_H
#define GENERATOR_H

#include <stdint.h>

#include "dataset.h"

typedef struct {
    uint32_t state;
} generator;

/* Puts rows in random order, in place: Fisher and Yates's shuffle, from the last one. */
void shuffle(generator *generator, examples *rows);

#endif

/* Training functions in C as trialbox components.
 *
 * A trial's source defines two functions: `trialbox_describe`, which declares what is searched, and `trialbox_train`, which evaluates one
 * configuration. The names are those of the other languages, with `trialbox_` in front. `bindings/` passes all of it on, by the interface in
 * `wit/trial.wit`.
 *
 *     #include "trialbox.h"
 *
 *     void trialbox_describe(trialbox_space *space) {
 *         trialbox_log_scale(trialbox_space_real(space, "learning_rate", 1e-3, 1.0));
 *         trialbox_space_constant(space, "epochs", 20);
 *     }
 *
 *     const char *trialbox_train(const trialbox_args *args) {
 *         double learning_rate = trialbox_args_real(args, "learning_rate");
 *         for (int epoch = 1; epoch <= trialbox_args_int(args, "epochs"); epoch++)
 *             trialbox_report(trialbox_attribute("epoch", epoch), trialbox_attribute("accuracy", 1 - learning_rate / epoch));
 *         return NULL;
 *     }
 *
 * Texts are UTF-8 and end with a zero byte. What is given to a function is copied; nothing has to be kept. A mistake in calling, such as an
 * argument that is not in the space, is written to the trial's log, and the trial crashes.
 */
#ifndef TRIALBOX_H
#define TRIALBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values */

typedef enum {
    TRIALBOX_REAL,
    TRIALBOX_INT,
    TRIALBOX_BOOL,
    TRIALBOX_TEXT,
} trialbox_kind;

/* A single value of a configuration or of a report. */
typedef struct {
    trialbox_kind kind;
    union {
        double real;
        int64_t integer;
        bool boolean;
        const char *text;
    };
} trialbox_value_t;

/* A value under a name. */
typedef struct {
    const char *name;
    trialbox_value_t value;
} trialbox_attribute_t;

trialbox_value_t trialbox_value_real(double value);
trialbox_value_t trialbox_value_int(int64_t value);
trialbox_value_t trialbox_value_bool(bool value);
trialbox_value_t trialbox_value_text(const char *value);

/* A value of the kind that the expression has: a number, an integer of up to 64 bits with a sign, a truth value or a text. Before C23 `true`
 * is a number; `(bool)true` is none. */
#define trialbox_value(expression)                                                                                       \
    _Generic((expression),                                                                                               \
        bool: trialbox_value_bool,                                                                                       \
        float: trialbox_value_real,                                                                                      \
        double: trialbox_value_real,                                                                                     \
        long double: trialbox_value_real,                                                                                \
        char *: trialbox_value_text,                                                                                     \
        const char *: trialbox_value_text,                                                                               \
        char: trialbox_value_int,                                                                                        \
        signed char: trialbox_value_int,                                                                                 \
        unsigned char: trialbox_value_int,                                                                               \
        short: trialbox_value_int,                                                                                       \
        unsigned short: trialbox_value_int,                                                                              \
        int: trialbox_value_int,                                                                                         \
        unsigned: trialbox_value_int,                                                                                    \
        long: trialbox_value_int,                                                                                        \
        unsigned long: trialbox_value_int,                                                                               \
        long long: trialbox_value_int,                                                                                   \
        unsigned long long: trialbox_value_int)(expression)

/* A named value, for `trialbox_report`. */
#define trialbox_attribute(name, expression) ((trialbox_attribute_t){(name), trialbox_value(expression)})

/* The search space */

/* What a trial says of itself. */
typedef struct trialbox_space trialbox_space;

/* A dimension of a space, to be changed by the functions that take one, within `trialbox_describe`. */
typedef struct trialbox_parameter trialbox_parameter;

/* A real number from `lower` to `upper`, both included. The default is the middle. */
trialbox_parameter *trialbox_space_real(trialbox_space *space, const char *name, double lower, double upper);
/* An integer from `lower` to `upper`, both included. */
trialbox_parameter *trialbox_space_int(trialbox_space *space, const char *name, int64_t lower, int64_t upper);
/* False or true; false by default. */
trialbox_parameter *trialbox_space_bool(trialbox_space *space, const char *name);
/* One of several values: `trialbox_space_categorical(space, "optimiser", trialbox_value("sgd"), trialbox_value("adam"))`. The first is the
 * default. */
#define trialbox_space_categorical(space, name, ...)                                                                     \
    trialbox_space_categorical_of(                                                                                       \
        space, name, (const trialbox_value_t[]){__VA_ARGS__},                                                            \
        sizeof((const trialbox_value_t[]){__VA_ARGS__}) / sizeof(trialbox_value_t))
trialbox_parameter *trialbox_space_categorical_of(
    trialbox_space *space, const char *name, const trialbox_value_t *choices, size_t count);
/* Always this value: never searched, but shown, given to the trial, and replaceable by a study. */
#define trialbox_space_constant(space, name, expression) trialbox_space_constant_of(space, name, trialbox_value(expression))
trialbox_parameter *trialbox_space_constant_of(trialbox_space *space, const char *name, trialbox_value_t value);

/* Values are drawn, and distances measured, on the logarithm. For real numbers and integers above 0. */
trialbox_parameter *trialbox_log_scale(trialbox_parameter *parameter);
/* The value of the default configuration. */
#define trialbox_default(parameter, expression) trialbox_default_of(parameter, trialbox_value(expression))
trialbox_parameter *trialbox_default_of(trialbox_parameter *parameter, trialbox_value_t value);
/* The parameter is there only where the categorical one of that name, which was declared before, takes the value with this index, from 0. */
trialbox_parameter *trialbox_when(trialbox_parameter *parameter, const char *categorical, uint32_t choice);

/* The attribute of reports that is to be maximised. A study may say otherwise, here and below. */
void trialbox_reward_attr(trialbox_space *space, const char *name);
/* The attribute of reports that counts the resource spent, such as the epoch, from 1. */
void trialbox_time_attr(trialbox_space *space, const char *name);
/* The largest value of that attribute that a trial reports. */
void trialbox_max_t(trialbox_space *space, uint64_t max_t);

/* Training */

/* The configuration of a trial. */
typedef struct trialbox_args trialbox_args;

/* Whether there is an argument of that name; there is none where its condition is not met. */
bool trialbox_args_has(const trialbox_args *args, const char *name);
double trialbox_args_real(const trialbox_args *args, const char *name);
int64_t trialbox_args_int(const trialbox_args *args, const char *name);
bool trialbox_args_bool(const trialbox_args *args, const char *name);
/* The text is there until the end of the trial. */
const char *trialbox_args_text(const trialbox_args *args, const char *name);
/* The seed of all that is random in the trial; 0 to 2^64 - 1. */
uint64_t trialbox_args_seed(const trialbox_args *args);

/* Reports the state of the training: `trialbox_report(trialbox_attribute("epoch", epoch), trialbox_attribute("accuracy", accuracy))`. It returns
 * when the trial may go on, and does not if the trial is stopped there. */
#define trialbox_report(...)                                                                                             \
    trialbox_report_of(                                                                                                  \
        (const trialbox_attribute_t[]){__VA_ARGS__},                                                                     \
        sizeof((const trialbox_attribute_t[]){__VA_ARGS__}) / sizeof(trialbox_attribute_t))
void trialbox_report_of(const trialbox_attribute_t *attributes, size_t count);

/* Makes the words of a failure, up to 4095 bytes, for `return trialbox_failure("no row has %d columns", columns)`. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
const char *trialbox_failure(const char *format, ...);

/* Random numbers, which follow from the trial's seed. */

/* The next number from 0 to 2^64 - 1, by SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014). */
uint64_t trialbox_random(void);
/* The next number from 0 to 1, without 1, with 53 random bits. */
double trialbox_random_real(void);
/* The next number from 0 to `bound`, without `bound`, which is above 0. */
uint64_t trialbox_random_below(uint64_t bound);

/* Data sets of the study */

/* Bytes that were read, to be given back by `free(content.bytes)`. A zero byte, which is not counted, stands behind them. */
typedef struct {
    char *bytes;
    size_t length;
} trialbox_content;

/* The size of a data set in bytes; false if the study has none of that name. */
bool trialbox_data_size(const char *name, uint64_t *size);
/* A whole data set; `bytes` is NULL if the study has none of that name. */
trialbox_content trialbox_data_read(const char *name);
/* The part of a data set from `offset` on, of `length` bytes, or fewer at its end. A call carries 4 MiB, unless a study sets another
 * `host_call_bytes_max`. */
trialbox_content trialbox_data_part(const char *name, uint64_t offset, uint32_t length);

/* The number that a text begins with, and where it ends, as by `strtod`. That of WASI's C library takes thousands of operations for each
 * number, which is most of what it costs to read a table. */
double trialbox_number(const char *text, char **end);

/* What the trial leaves behind */

/* Makes the artifact of that name have this content. A name has 1 to 64 characters out of letters, digits, `.`, `_` and `-`. */
void trialbox_artifact_save(const char *name, const void *bytes, size_t length);
/* Appends to the artifact of that name, which need not be there before. */
void trialbox_artifact_append(const char *name, const void *bytes, size_t length);

/* Writes a line to the trial's log: as `printf` does, but without the C library's input and output in the component. */
void trialbox_log(const char *text);

/* To be defined by the trial */

/* Declares what is searched. Called by itself, before any trial. */
void trialbox_describe(trialbox_space *space);
/* Evaluates one configuration. Gives NULL when the training is complete, or the words of its failure. */
const char *trialbox_train(const trialbox_args *args);

#endif

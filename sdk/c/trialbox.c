/* Between the functions of `trialbox.h` and the bindings that wit-bindgen makes of the interface. */

#include "trialbox.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bindings/trial.h"

typedef trialbox_trial_types_value_t bound_value;
typedef trialbox_trial_types_attribute_t bound_attribute;

struct trialbox_parameter {
    trialbox_trial_types_parameter_t bound;
};

struct trialbox_space {
    /* Each by itself, so that it stays where it is when others come. */
    trialbox_parameter **parameters;
    size_t count, capacity;
    trial_option_string_t reward_attr, time_attr;
    trial_option_u64_t max_t;
};

/* One argument, its texts with a zero byte behind them. */
struct argument {
    char *name;
    bound_value value;
};

struct trialbox_args {
    struct argument *arguments;
    size_t count;
    uint64_t seed;
};

enum { PIECE_BYTES = 1 << 20, WORDS_BYTES_MAX = 4096 };

/* Texts to people are gathered here: there is one at a time. */
static char words[WORDS_BYTES_MAX];

/* Appends as much as there is room for. */
static void say(const char *text) {
    size_t there = strlen(words), room = sizeof words - 1 - there, length = strlen(text);
    memcpy(words + there, text, length < room ? length : room);
    words[there + (length < room ? length : room)] = 0;
}

/* How many bytes the character takes that begins there, in UTF-8; 0 if none does. */
static size_t character_bytes(const unsigned char *text) {
    static const struct {
        unsigned char first, last, second_first, second_last, count;
    } forms[] = {
        {0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
        {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
        if (text[0] < forms[form].first || text[0] > forms[form].last) continue;
        if (forms[form].count > 1 && (text[1] < forms[form].second_first || text[1] > forms[form].second_last)) return 0;
        for (size_t index = 2; index < forms[form].count; index++) {
            if ((text[index] & 0xc0) != 0x80) return 0;
        }
        return forms[form].count;
    }
    return 0;
}

/* Puts a question mark for each byte that is no UTF-8, as what was cut in the middle: the host takes no text that is none. */
static void make_text(char *text) {
    for (char *at = text; *at;) {
        size_t bytes = character_bytes((const unsigned char *)at);
        if (bytes == 0) *at = '?';
        at += bytes ? bytes : 1;
    }
}

/* Texts that the host reads during a call only. */
static trial_string_t borrowed(const char *text) {
    return (trial_string_t){(uint8_t *)text, strlen(text)};
}

/* The trial cannot go on, for the reason that was said: there is no way back through its own functions but this one. It takes no memory, of
 * which there may be none. */
static _Noreturn void end(void) {
    make_text(words);
    trial_string_t line = borrowed(words);
    trialbox_trial_log_write(&line);
    abort();
}

static _Noreturn void give_up(const char *what, const char *name) {
    words[0] = 0;
    say(what);
    say(name);
    end();
}

static void *checked(void *memory) {
    if (!memory) give_up("there is no memory left", "");
    return memory;
}

/* `count` things of `size` bytes. One more than none, since an allocation of nothing may be none. */
static void *allocated(size_t count, size_t size) {
    return checked(calloc(count ? count : 1, size));
}

/* Texts that the bindings free. */
static trial_string_t copied(const char *text) {
    size_t length = strlen(text);
    char *copy = allocated(length + 1, 1);
    memcpy(copy, text, length);
    return (trial_string_t){(uint8_t *)copy, length};
}

static char *with_zero(trial_string_t text) {
    char *copy = allocated(text.len + 1, 1);
    if (text.len) memcpy(copy, text.ptr, text.len);
    return copy;
}

static bound_value bound(trialbox_value_t value, trial_string_t (*text)(const char *)) {
    bound_value result = {0};
    switch (value.kind) {
    case TRIALBOX_REAL:
        result.tag = TRIALBOX_TRIAL_TYPES_VALUE_REAL;
        result.val.real = value.real;
        break;
    case TRIALBOX_INT:
        result.tag = TRIALBOX_TRIAL_TYPES_VALUE_INTEGER;
        result.val.integer = value.integer;
        break;
    case TRIALBOX_BOOL:
        result.tag = TRIALBOX_TRIAL_TYPES_VALUE_BOOLEAN;
        result.val.boolean = value.boolean;
        break;
    case TRIALBOX_TEXT:
        result.tag = TRIALBOX_TRIAL_TYPES_VALUE_TEXT;
        result.val.text = text(value.text);
        break;
    }
    return result;
}

/* The bindings ask for this, to make sure that the interface is in the module; `trialbox build` puts it there. */
void __component_type_object_force_link_trial(void) {}

/* Values */

trialbox_value_t trialbox_value_real(double value) {
    return (trialbox_value_t){.kind = TRIALBOX_REAL, .real = value};
}

trialbox_value_t trialbox_value_int(int64_t value) {
    return (trialbox_value_t){.kind = TRIALBOX_INT, .integer = value};
}

trialbox_value_t trialbox_value_bool(bool value) {
    return (trialbox_value_t){.kind = TRIALBOX_BOOL, .boolean = value};
}

trialbox_value_t trialbox_value_text(const char *value) {
    return (trialbox_value_t){.kind = TRIALBOX_TEXT, .text = value};
}

/* The search space */

static trialbox_parameter *declare(trialbox_space *space, const char *name) {
    if (space->count == space->capacity) {
        space->capacity = space->capacity ? 2 * space->capacity : 8;
        space->parameters = checked(realloc(space->parameters, space->capacity * sizeof *space->parameters));
    }
    trialbox_parameter *parameter = allocated(1, sizeof *parameter);
    parameter->bound.name = copied(name);
    return space->parameters[space->count++] = parameter;
}

trialbox_parameter *trialbox_space_real(trialbox_space *space, const char *name, double lower, double upper) {
    trialbox_parameter *parameter = declare(space, name);
    parameter->bound.domain.tag = TRIALBOX_TRIAL_TYPES_DOMAIN_REAL;
    parameter->bound.domain.val.real = (trialbox_trial_types_real_range_t){lower, upper, false};
    return parameter;
}

trialbox_parameter *trialbox_space_int(trialbox_space *space, const char *name, int64_t lower, int64_t upper) {
    trialbox_parameter *parameter = declare(space, name);
    parameter->bound.domain.tag = TRIALBOX_TRIAL_TYPES_DOMAIN_INTEGER;
    parameter->bound.domain.val.integer = (trialbox_trial_types_integer_range_t){lower, upper, false};
    return parameter;
}

trialbox_parameter *trialbox_space_bool(trialbox_space *space, const char *name) {
    trialbox_parameter *parameter = declare(space, name);
    parameter->bound.domain.tag = TRIALBOX_TRIAL_TYPES_DOMAIN_BOOLEAN;
    return parameter;
}

trialbox_parameter *trialbox_space_categorical_of(
    trialbox_space *space, const char *name, const trialbox_value_t *choices, size_t count) {
    trialbox_parameter *parameter = declare(space, name);
    bound_value *values = allocated(count, sizeof *values);
    for (size_t index = 0; index < count; index++) values[index] = bound(choices[index], copied);
    parameter->bound.domain.tag = TRIALBOX_TRIAL_TYPES_DOMAIN_CHOICE;
    parameter->bound.domain.val.choice = (trialbox_trial_types_list_value_t){values, count};
    return parameter;
}

trialbox_parameter *trialbox_space_constant_of(trialbox_space *space, const char *name, trialbox_value_t value) {
    trialbox_parameter *parameter = declare(space, name);
    parameter->bound.domain.tag = TRIALBOX_TRIAL_TYPES_DOMAIN_CONSTANT;
    parameter->bound.domain.val.constant = bound(value, copied);
    return parameter;
}

trialbox_parameter *trialbox_log_scale(trialbox_parameter *parameter) {
    trialbox_trial_types_domain_t *domain = &parameter->bound.domain;
    if (domain->tag == TRIALBOX_TRIAL_TYPES_DOMAIN_REAL) {
        domain->val.real.log = true;
    } else if (domain->tag == TRIALBOX_TRIAL_TYPES_DOMAIN_INTEGER) {
        domain->val.integer.log = true;
    } else {
        give_up("only numbers have a logarithm: ", with_zero(parameter->bound.name));
    }
    return parameter;
}

trialbox_parameter *trialbox_default_of(trialbox_parameter *parameter, trialbox_value_t value) {
    /* A whole number is also what a real parameter can begin with. */
    if (parameter->bound.domain.tag == TRIALBOX_TRIAL_TYPES_DOMAIN_REAL && value.kind == TRIALBOX_INT) {
        value = trialbox_value_real((double)value.integer);
    }
    trialbox_trial_types_option_value_free(&parameter->bound.default_);
    parameter->bound.default_ = (trialbox_trial_types_option_value_t){true, bound(value, copied)};
    return parameter;
}

trialbox_parameter *trialbox_when(trialbox_parameter *parameter, const char *categorical, uint32_t choice) {
    trialbox_trial_types_option_condition_free(&parameter->bound.condition);
    parameter->bound.condition = (trialbox_trial_types_option_condition_t){true, {copied(categorical), choice}};
    return parameter;
}

static void suggest(trial_option_string_t *suggestion, const char *name) {
    trial_option_string_free(suggestion);
    *suggestion = (trial_option_string_t){true, copied(name)};
}

void trialbox_reward_attr(trialbox_space *space, const char *name) {
    suggest(&space->reward_attr, name);
}

void trialbox_time_attr(trialbox_space *space, const char *name) {
    suggest(&space->time_attr, name);
}

void trialbox_max_t(trialbox_space *space, uint64_t max_t) {
    space->max_t = (trial_option_u64_t){true, max_t};
}

void exports_trialbox_trial_train_describe(exports_trialbox_trial_train_description_t *description) {
    trialbox_space space = {0};
    trialbox_describe(&space);
    /* The bindings free the list and what is in it. */
    trialbox_trial_types_parameter_t *list = allocated(space.count, sizeof *list);
    for (size_t index = 0; index < space.count; index++) {
        list[index] = space.parameters[index]->bound;
        free(space.parameters[index]);
    }
    free(space.parameters);
    description->parameters = (trialbox_trial_types_list_parameter_t){list, space.count};
    description->reward_attr = space.reward_attr;
    description->time_attr = space.time_attr;
    description->max_t = space.max_t;
}

/* Training */

static const struct argument *find(const trialbox_args *args, const char *name) {
    for (size_t index = 0; index < args->count; index++) {
        if (strcmp(args->arguments[index].name, name) == 0) return &args->arguments[index];
    }
    return NULL;
}

static const bound_value *value_of(const trialbox_args *args, const char *name) {
    const struct argument *argument = find(args, name);
    if (argument) return &argument->value;
    words[0] = 0;
    say("there is no argument ");
    say(name);
    for (size_t index = 0; index < args->count; index++) {
        say(index ? ", " : "; there are ");
        say(args->arguments[index].name);
    }
    end();
}

bool trialbox_args_has(const trialbox_args *args, const char *name) {
    return find(args, name) != NULL;
}

double trialbox_args_real(const trialbox_args *args, const char *name) {
    const bound_value *value = value_of(args, name);
    if (value->tag == TRIALBOX_TRIAL_TYPES_VALUE_INTEGER) return (double)value->val.integer;
    if (value->tag != TRIALBOX_TRIAL_TYPES_VALUE_REAL) give_up("this argument is no number: ", name);
    return value->val.real;
}

int64_t trialbox_args_int(const trialbox_args *args, const char *name) {
    const bound_value *value = value_of(args, name);
    if (value->tag != TRIALBOX_TRIAL_TYPES_VALUE_INTEGER) give_up("this argument is no integer: ", name);
    return value->val.integer;
}

bool trialbox_args_bool(const trialbox_args *args, const char *name) {
    const bound_value *value = value_of(args, name);
    if (value->tag != TRIALBOX_TRIAL_TYPES_VALUE_BOOLEAN) give_up("this argument is no truth value: ", name);
    return value->val.boolean;
}

const char *trialbox_args_text(const trialbox_args *args, const char *name) {
    const bound_value *value = value_of(args, name);
    if (value->tag != TRIALBOX_TRIAL_TYPES_VALUE_TEXT) give_up("this argument is no text: ", name);
    return (const char *)value->val.text.ptr;
}

uint64_t trialbox_args_seed(const trialbox_args *args) {
    return args->seed;
}

void trialbox_report_of(const trialbox_attribute_t *attributes, size_t count) {
    bound_attribute *list = allocated(count, sizeof *list);
    for (size_t index = 0; index < count; index++) {
        list[index].name = borrowed(attributes[index].name);
        list[index].value = bound(attributes[index].value, borrowed);
    }
    trialbox_trial_report_list_attribute_t bound_list = {list, count};
    trialbox_trial_report_report(&bound_list);
    free(list);
}

const char *trialbox_failure(const char *format, ...) {
    va_list values;
    va_start(values, format);
    vsnprintf(words, sizeof words, format, values);
    va_end(values);
    return words;
}

static uint64_t random_state;

bool exports_trialbox_trial_train_train(exports_trialbox_trial_train_arguments_t *given, trial_string_t *failure) {
    trialbox_args args = {allocated(given->config.len, sizeof *args.arguments), given->config.len, given->seed};
    for (size_t index = 0; index < args.count; index++) {
        const bound_attribute *attribute = &given->config.ptr[index];
        struct argument *argument = &args.arguments[index];
        argument->name = with_zero(attribute->name);
        argument->value = attribute->value;
        if (argument->value.tag == TRIALBOX_TRIAL_TYPES_VALUE_TEXT) {
            argument->value.val.text.ptr = (uint8_t *)with_zero(attribute->value.val.text);
        }
    }
    random_state = given->seed;
    const char *failed = trialbox_train(&args);
    /* What the arguments take goes with the instance, which has no other trial. */
    exports_trialbox_trial_train_arguments_free(given);
    if (!failed) return true;
    *failure = copied(failed);
    /* A zero byte stands behind what was copied. */
    make_text((char *)failure->ptr);
    return false;
}

/* Random numbers */

uint64_t trialbox_random(void) {
    uint64_t mixed = random_state += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
}

double trialbox_random_real(void) {
    return (double)(trialbox_random() >> 11) * 0x1p-53;
}

uint64_t trialbox_random_below(uint64_t bound) {
    if (bound == 0) give_up("there is no number below 0", "");
    /* The numbers above the largest multiple of `bound` would make small ones more likely. */
    uint64_t surplus = (0 - bound) % bound;
    uint64_t drawn;
    do drawn = trialbox_random();
    while (drawn > UINT64_MAX - surplus);
    return drawn % bound;
}

/* Data sets */

bool trialbox_data_size(const char *name, uint64_t *size) {
    trial_string_t borrowed_name = borrowed(name);
    return trialbox_trial_data_size(&borrowed_name, size);
}

trialbox_content trialbox_data_part(const char *name, uint64_t offset, uint32_t length) {
    trial_string_t borrowed_name = borrowed(name), problem;
    trial_list_u8_t part;
    if (!trialbox_trial_data_read(&borrowed_name, offset, length, &part, &problem)) {
        trial_string_free(&problem);
        return (trialbox_content){NULL, 0};
    }
    char *bytes = allocated(part.len + 1, 1);
    if (part.len) memcpy(bytes, part.ptr, part.len);
    trialbox_content content = {bytes, part.len};
    trial_list_u8_free(&part);
    return content;
}

trialbox_content trialbox_data_read(const char *name) {
    uint64_t size;
    if (!trialbox_data_size(name, &size)) return (trialbox_content){NULL, 0};
    if (size >= SIZE_MAX) give_up("this data set is larger than any memory: ", name);
    trialbox_content content = {allocated((size_t)size + 1, 1), (size_t)size};
    for (size_t offset = 0; offset < content.length;) {
        size_t left = content.length - offset;
        trialbox_content part = trialbox_data_part(name, offset, left < PIECE_BYTES ? (uint32_t)left : PIECE_BYTES);
        if (part.length == 0 || part.length > left) give_up("this data set ends before its end: ", name);
        memcpy(content.bytes + offset, part.bytes, part.length);
        offset += part.length;
        free(part.bytes);
    }
    return content;
}

static bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

/* A whole number below 2^53 and a power of ten up to 10^22 are exact, so that one operation on them rounds as it should (Clinger, "How to Read
 * Floating Point Numbers Accurately", 1990). Other numbers, and what is none, are left to the library. */
double trialbox_number(const char *text, char **end) {
    enum { DIGITS_MAX = 15, POWER_MAX = 22 };
    static const double powers[POWER_MAX + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                                 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *at = text + (*text == '-' || *text == '+');
    uint64_t digits = 0;
    int count = 0, power = 0;
    bool is_number = false;
    for (; is_digit(*at); at++, is_number = true) {
        digits = digits * 10 + (uint64_t)(*at - '0');
        count += digits > 0;
    }
    if (*at == '.') {
        for (at++; is_digit(*at); at++, is_number = true, power--) {
            digits = digits * 10 + (uint64_t)(*at - '0');
            count += digits > 0;
        }
    }
    /* An exponent, or a number that is not decimal. */
    bool goes_on = *at == 'e' || *at == 'E' || *at == 'x' || *at == 'X';
    if (!is_number || goes_on || count > DIGITS_MAX || power < -POWER_MAX) return strtod(text, end);
    if (end) *end = (char *)at;
    double value = (double)digits / powers[-power];
    return *text == '-' ? -value : value;
}

/* What the trial leaves behind */

void trialbox_artifact_append(const char *name, const void *bytes, size_t length) {
    trial_string_t borrowed_name = borrowed(name);
    /* At least once, since the artifact is there from the first call on, and not more at a time than a call carries. */
    size_t offset = 0;
    do {
        size_t left = length - offset;
        trial_list_u8_t piece = {(uint8_t *)bytes + offset, left < PIECE_BYTES ? left : PIECE_BYTES};
        trialbox_trial_artifact_append(&borrowed_name, &piece);
        offset += piece.len;
    } while (offset < length);
}

void trialbox_artifact_save(const char *name, const void *bytes, size_t length) {
    trial_string_t borrowed_name = borrowed(name);
    trialbox_trial_artifact_clear(&borrowed_name);
    trialbox_artifact_append(name, bytes, length);
}

void trialbox_log(const char *text) {
    trial_string_t line = copied(text);
    make_text((char *)line.ptr);
    trialbox_trial_log_write(&line);
    trial_string_free(&line);
}

/* Training functions without an engine: what they declare, what they are given and what they tell. The host's functions are here. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bindings/trial.h"
#include "../trialbox.h"

static int failures;

#define check(condition)                                                                                                 \
    ((condition) ? (void)0 : (void)(failures++, fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, __func__, #condition)))

static bool is(trial_string_t text, const char *expected) {
    return text.len == strlen(expected) && memcmp(text.ptr, expected, text.len) == 0;
}

/* The host */

static char said[4096];

void __wasm_import_trialbox_trial_report_report(uint8_t *attributes, size_t count) {
    const trialbox_trial_types_attribute_t *list = (const trialbox_trial_types_attribute_t *)attributes;
    for (size_t index = 0; index < count; index++) {
        size_t length = strlen(said);
        char *end = said + length;
        size_t left = sizeof said - length;
        int name_length = (int)list[index].name.len;
        const char *name = (const char *)list[index].name.ptr;
        switch (list[index].value.tag) {
        case TRIALBOX_TRIAL_TYPES_VALUE_REAL:
            snprintf(end, left, "%.*s=real %g;", name_length, name, list[index].value.val.real);
            break;
        case TRIALBOX_TRIAL_TYPES_VALUE_INTEGER:
            snprintf(end, left, "%.*s=int %lld;", name_length, name, (long long)list[index].value.val.integer);
            break;
        case TRIALBOX_TRIAL_TYPES_VALUE_BOOLEAN:
            snprintf(end, left, "%.*s=bool %d;", name_length, name, list[index].value.val.boolean);
            break;
        default:
            snprintf(end, left, "%.*s=text %.*s;", name_length, name, (int)list[index].value.val.text.len,
                     (const char *)list[index].value.val.text.ptr);
        }
    }
}

enum { DATA_BYTES = 3 << 20 };
static uint8_t data[DATA_BYTES];
static int reads;

void __wasm_import_trialbox_trial_data_names(uint8_t *result) {
    memset(result, 0, sizeof(trial_list_string_t));
}

void __wasm_import_trialbox_trial_data_size(uint8_t *name, size_t length, uint8_t *result) {
    result[0] = length == 4 && memcmp(name, "rows", 4) == 0;
    if (result[0]) *(int64_t *)(result + 8) = DATA_BYTES - 1;
}

void __wasm_import_trialbox_trial_data_read(uint8_t *name, size_t length, int64_t offset, int32_t wanted, uint8_t *result) {
    reads++;
    if (length != 4 || memcmp(name, "rows", 4) != 0) {
        result[0] = 1;
        *(uint8_t **)(result + sizeof(void *)) = (uint8_t *)strdup("none");
        *(size_t *)(result + 2 * sizeof(void *)) = 4;
        return;
    }
    int64_t end = offset + wanted < DATA_BYTES - 1 ? offset + wanted : DATA_BYTES - 1;
    uint8_t *part = malloc((size_t)(end - offset) + 1);
    memcpy(part, data + offset, (size_t)(end - offset));
    result[0] = 0;
    *(uint8_t **)(result + sizeof(void *)) = part;
    *(size_t *)(result + 2 * sizeof(void *)) = (size_t)(end - offset);
}

static char artifact[4 << 20];
static int appends;

void __wasm_import_trialbox_trial_artifact_append(uint8_t *name, size_t length, uint8_t *bytes, size_t count) {
    (void)name, (void)length;
    appends++;
    if (count) strncat(artifact, (const char *)bytes, count);
}

void __wasm_import_trialbox_trial_artifact_clear(uint8_t *name, size_t length) {
    (void)name, (void)length;
    artifact[0] = 0;
}

static char logged[256];

void __wasm_import_trialbox_trial_log_write(uint8_t *text, size_t length) {
    strncat(logged, (const char *)text, length);
}

/* The trial */

void trialbox_describe(trialbox_space *space) {
    char name[] = "rate";
    trialbox_parameter *rate = trialbox_space_real(space, name, 0.001, 1);
    name[0] = 'x'; /* It was copied. */
    trialbox_space_categorical(space, "optimiser", trialbox_value("sgd"), trialbox_value("adam"));
    trialbox_when(trialbox_space_real(space, "momentum", 0, 0.9), "optimiser", 0);
    trialbox_log_scale(trialbox_default(trialbox_space_int(space, "batch", 8, 256), 32));
    trialbox_default(trialbox_space_bool(space, "bias"), (bool)true);
    for (int index = 0; index < 20; index++) trialbox_space_constant(space, "epochs", 7);
    /* It stands where it stood, though others came. */
    trialbox_log_scale(trialbox_default(rate, 1));
    trialbox_reward_attr(space, "wrong");
    trialbox_reward_attr(space, "accuracy");
    trialbox_time_attr(space, "epoch");
    trialbox_max_t(space, 7);
}

static const char *(*training)(const trialbox_args *args);

const char *trialbox_train(const trialbox_args *args) {
    return training(args);
}

static trial_string_t owned(const char *text) {
    trial_string_t copy;
    trial_string_dup(&copy, text);
    return copy;
}

static bool train(uint64_t seed, const char *(*function)(const trialbox_args *), trial_string_t *failure) {
    trialbox_trial_types_attribute_t *config = calloc(4, sizeof *config);
    config[0].name = owned("rate");
    config[0].value.tag = TRIALBOX_TRIAL_TYPES_VALUE_REAL;
    config[0].value.val.real = 0.25;
    config[1].name = owned("optimiser");
    config[1].value.tag = TRIALBOX_TRIAL_TYPES_VALUE_TEXT;
    config[1].value.val.text = owned("adam");
    config[2].name = owned("batch");
    config[2].value.tag = TRIALBOX_TRIAL_TYPES_VALUE_INTEGER;
    config[2].value.val.integer = 64;
    config[3].name = owned("bias");
    config[3].value.tag = TRIALBOX_TRIAL_TYPES_VALUE_BOOLEAN;
    config[3].value.val.boolean = true;
    exports_trialbox_trial_train_arguments_t arguments = {{config, 4}, seed};
    training = function;
    said[0] = logged[0] = 0;
    return exports_trialbox_trial_train_train(&arguments, failure);
}

/* The tests */

static void a_space_is_described_in_the_order_of_its_declaration(void) {
    exports_trialbox_trial_train_description_t description;
    exports_trialbox_trial_train_describe(&description);
    const trialbox_trial_types_parameter_t *parameters = description.parameters.ptr;
    check(description.parameters.len == 25);
    check(is(parameters[0].name, "rate") && parameters[0].domain.tag == TRIALBOX_TRIAL_TYPES_DOMAIN_REAL);
    check(parameters[0].domain.val.real.lower == 0.001 && parameters[0].domain.val.real.upper == 1);
    check(parameters[0].domain.val.real.log && parameters[0].default_.is_some);
    check(parameters[0].default_.val.tag == TRIALBOX_TRIAL_TYPES_VALUE_REAL && parameters[0].default_.val.val.real == 1);
    check(parameters[1].domain.val.choice.len == 2 && is(parameters[1].domain.val.choice.ptr[1].val.text, "adam"));
    check(!parameters[1].default_.is_some && !parameters[1].condition.is_some);
    check(is(parameters[2].condition.val.parameter, "optimiser") && parameters[2].condition.val.choice == 0);
    check(parameters[3].domain.val.integer.log && parameters[3].default_.val.val.integer == 32);
    check(parameters[4].domain.tag == TRIALBOX_TRIAL_TYPES_DOMAIN_BOOLEAN && parameters[4].default_.val.val.boolean);
    check(parameters[24].domain.val.constant.val.integer == 7);
    check(is(description.reward_attr.val, "accuracy") && is(description.time_attr.val, "epoch"));
    check(description.max_t.is_some && description.max_t.val == 7);
    exports_trialbox_trial_train_description_free(&description);
}

static const char *reads_its_arguments(const trialbox_args *args) {
    check(trialbox_args_real(args, "rate") == 0.25);
    check(strcmp(trialbox_args_text(args, "optimiser"), "adam") == 0);
    check(trialbox_args_int(args, "batch") == 64 && trialbox_args_real(args, "batch") == 64);
    check(trialbox_args_bool(args, "bias"));
    check(trialbox_args_has(args, "rate") && !trialbox_args_has(args, "momentum") && !trialbox_args_has(args, "rat"));
    check(trialbox_args_seed(args) == UINT64_MAX);
    return NULL;
}

static void arguments_are_found_by_their_names(void) {
    trial_string_t failure;
    check(train(UINT64_MAX, reads_its_arguments, &failure));
}

static const char *reports(const trialbox_args *args) {
    (void)args;
    char words[] = "fine";
    trialbox_report(trialbox_attribute("epoch", 1), trialbox_attribute("accuracy", 0.5f), trialbox_attribute("words", words));
    trialbox_report(trialbox_attribute("done", (bool)true), trialbox_attribute("count", (size_t)3), trialbox_attribute("long", 0.75L));
    return NULL;
}

static void values_are_reported_as_what_they_are(void) {
    trial_string_t failure;
    check(train(0, reports, &failure));
    check(strcmp(said, "epoch=int 1;accuracy=real 0.5;words=text fine;done=bool 1;count=int 3;long=real 0.75;") == 0);
}

static const char *fails(const trialbox_args *args) {
    return trialbox_failure("no luck with %lld", (long long)trialbox_args_int(args, "batch"));
}

static void a_failure_has_its_words(void) {
    trial_string_t failure;
    check(!train(0, fails, &failure));
    check(is(failure, "no luck with 64"));
    trial_string_free(&failure);
}

static const char *fails_at_length(const trialbox_args *args) {
    (void)args;
    static char words[6000];
    /* Two bytes for each character, so that the end is cut in the middle of one. */
    words[0] = 'x';
    for (size_t index = 1; index + 2 < sizeof words; index += 2) memcpy(words + index, "\u00e9", 2);
    return trialbox_failure("%s", words);
}

static const char *fails_without_text(const trialbox_args *args) {
    (void)args;
    return "\xff fine \xc3\xa9 \xed\xa0\x80 \xf0\x9f\x98\x80 \xc3";
}

static void the_words_of_a_failure_are_text_whatever_they_were(void) {
    trial_string_t failure;
    check(!train(0, fails_at_length, &failure));
    check(failure.len == 4095 && failure.ptr[4093] == 0xc3 && failure.ptr[4094] == 0xa9);
    trial_string_free(&failure);
    check(!train(0, fails_without_text, &failure));
    check(is(failure, "? fine \u00e9 ??? \U0001f600 ?"));
    trial_string_free(&failure);
}

static uint64_t drawn[3];

static const char *draws(const trialbox_args *args) {
    (void)args;
    for (int index = 0; index < 3; index++) drawn[index] = trialbox_random();
    for (int index = 0; index < 1000; index++) {
        double real = trialbox_random_real();
        check(real >= 0 && real < 1);
        check(trialbox_random_below(7) < 7);
    }
    return NULL;
}

static void random_numbers_follow_from_the_seed(void) {
    trial_string_t failure;
    check(train(1234567, draws, &failure));
    /* The first numbers of SplitMix64 from this seed, as its reference implementation gives them. */
    check(drawn[0] == 6457827717110365317u && drawn[1] == 3203168211198807973u && drawn[2] == 9817491932198370423u);
    check(train(1234568, draws, &failure));
    check(drawn[0] != 6457827717110365317u);
}

static void a_data_set_is_read_whole_and_in_parts(void) {
    for (size_t index = 0; index < DATA_BYTES; index++) data[index] = (uint8_t)(index * 31);
    trialbox_content content = trialbox_data_read("rows");
    check(content.length == DATA_BYTES - 1 && memcmp(content.bytes, data, content.length) == 0);
    check(content.bytes[content.length] == 0 && reads == 3);
    free(content.bytes);
    content = trialbox_data_part("rows", DATA_BYTES - 5, 100);
    check(content.length == 4 && memcmp(content.bytes, data + DATA_BYTES - 5, 4) == 0);
    free(content.bytes);
    uint64_t size;
    check(trialbox_data_size("rows", &size) && size == DATA_BYTES - 1);
    check(!trialbox_data_size("row", &size));
    check(!trialbox_data_read("row").bytes && !trialbox_data_part("row", 0, 1).bytes);
}

static void check_number(const char *text) {
    char *expected_end, *end;
    double expected = strtod(text, &expected_end), number = trialbox_number(text, &end);
    check(memcmp(&number, &expected, sizeof number) == 0);
    check(end == expected_end);
}

static void numbers_are_read_as_by_the_library(void) {
    static const char *const texts[] = {
        "0",  "-0", "+1", "1.5,2", "17.99", "0.1184\n", ".5", "5.", "-.25x", "1e3", "1E-5", "0x1p3", "123456789012345", "1234567890123456",
        "0.1", "0.0000000000000000000001", "0.00000000000000000000001", "", "-", ".", "abc", " 7", "nan", "inf", "1e", "00012.50",
        "179769313486231580000000000000000000000", "1.7976931348623157e308", "0.30000000000000004",
    };
    for (size_t index = 0; index < sizeof texts / sizeof *texts; index++) check_number(texts[index]);
    for (int index = 0; index < 100000; index++) {
        char text[40];
        snprintf(text, sizeof text, "%.*g", 1 + (int)trialbox_random_below(17), ldexp(trialbox_random_real(), (int)trialbox_random_below(60) - 30));
        check_number(text);
    }
    check(trialbox_number("2.5", NULL) == 2.5);
}

static void an_artifact_is_what_was_saved_last_and_appended(void) {
    trialbox_artifact_save("model", "old", 3);
    trialbox_artifact_save("model", "new", 3);
    trialbox_artifact_append("model", "er", 2);
    check(strcmp(artifact, "newer") == 0 && appends == 3);
    trialbox_artifact_save("empty", NULL, 0);
    check(appends == 4);
    static char large[(3 << 20) - 1];
    memset(large, 'x', sizeof large);
    trialbox_artifact_save("large", large, sizeof large);
    check(strlen(artifact) == sizeof large && appends == 7);
}

static void the_log_is_written_to(void) {
    logged[0] = 0;
    trialbox_log("one ");
    trialbox_log("two");
    check(strcmp(logged, "one two") == 0);
}

int main(void) {
    a_space_is_described_in_the_order_of_its_declaration();
    arguments_are_found_by_their_names();
    values_are_reported_as_what_they_are();
    a_failure_has_its_words();
    the_words_of_a_failure_are_text_whatever_they_were();
    random_numbers_follow_from_the_seed();
    a_data_set_is_read_whole_and_in_parts();
    numbers_are_read_as_by_the_library();
    an_artifact_is_what_was_saved_last_and_appended();
    the_log_is_written_to();
    printf("%d checks failed\n", failures);
    return failures != 0;
}

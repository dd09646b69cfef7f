/* A trial that does what its parameter `mode` says, to compare languages by. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trialbox.h"

void trialbox_describe(trialbox_space *space) {
    trialbox_reward_attr(space, "accuracy");
    trialbox_time_attr(space, "epoch");
    trialbox_max_t(space, 9);
    trialbox_space_categorical(
        space, "mode", trialbox_value("reports"), trialbox_value("fails"), trialbox_value("loops"), trialbox_value("eats"),
        trialbox_value("leaves"));
    trialbox_log_scale(trialbox_space_real(space, "rate", 1e-3, 1.0));
    trialbox_default(trialbox_space_int(space, "layers", 1, 5), 2);
    trialbox_space_bool(space, "bias");
    trialbox_space_categorical(space, "optimiser", trialbox_value("0"), trialbox_value("1"));
    trialbox_when(trialbox_space_real(space, "optimiser.0.momentum", 0, 0.8), "optimiser", 0);
    trialbox_space_int(space, "sizes.1", 8, 64);
    trialbox_space_constant(space, "epochs", 9);
}

static void eat(void) {
    /* Seen by nobody, but the compiler does not know that. */
    static char *volatile hoard;
    for (;;) {
        hoard = malloc(1 << 20);
        if (!hoard) abort();
        memset(hoard, 1, 1 << 20);
    }
}

static void leave(void) {
    trialbox_content words = trialbox_data_read("words");
    trialbox_artifact_save("model.txt", words.bytes, words.length);
    trialbox_artifact_append("model.txt", "!", 1);
    free(words.bytes);
}

const char *trialbox_train(const trialbox_args *args) {
    const char *mode = trialbox_args_text(args, "mode");
    printf("mode %s, optimiser %s\n", mode, trialbox_args_text(args, "optimiser"));
    if (strcmp(mode, "fails") == 0) return trialbox_failure("no luck with this configuration");
    for (volatile bool loops = strcmp(mode, "loops") == 0; loops;) {}
    if (strcmp(mode, "eats") == 0) eat();
    if (strcmp(mode, "leaves") == 0) leave();
    double rate = trialbox_args_real(args, "rate");
    int64_t epochs = trialbox_args_int(args, "epochs");
    for (int64_t epoch = 1; epoch <= epochs; epoch++) {
        trialbox_report(
            trialbox_attribute("epoch", epoch), trialbox_attribute("accuracy", 1 - fabs(rate - 0.1) - 1.0 / (double)epoch),
            trialbox_attribute("noise", trialbox_random_real()));
    }
    return NULL;
}

#!/bin/sh
# Compiles the SDK with its tests for this machine, and runs them.
set -eu
cd "$(dirname "$0")"
program=$(mktemp)
trap 'rm -f "$program"' EXIT
# The bindings have attributes that only a compiler for WebAssembly knows.
${CC:-cc} -std=gnu11 -Wall -Wextra -Wno-attributes -Wno-unknown-attributes -Werror -g -fsanitize=address,undefined \
    training-functions.c ../trialbox.c ../bindings/trial.c -lm -o "$program"
# What a trial's arguments take goes with its instance.
ASAN_OPTIONS=detect_leaks=0 "$program"

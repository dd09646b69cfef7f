/* What a guest does with a GPU, in few functions, each with what went wrong in words. They call the interface `wasi:webgpu` directly, by
 * the bindings in `bindings/`. Nothing here knows of trials or of what is computed.
 *
 * A function that can fail gives NULL, or the words of a failure. Handles that are kept to the end are not given back: the trial's end does
 * that. */
#ifndef GPU_H
#define GPU_H

#include <stddef.h>

#include "bindings/compute.h"

/* A device with its queue. */
typedef struct {
    webgpu_borrow_gpu_device_t device;
    webgpu_borrow_gpu_queue_t queue;
} gpu;

typedef webgpu_borrow_gpu_buffer_t gpu_buffer;

/* What a buffer is for. The numbers are those of the standard (WebGPU, section 5.1.2). */
typedef enum {
    GPU_STAGING = 0x1 | 0x8,
    GPU_UNIFORM = 0x40 | 0x8,
    GPU_STORAGE = 0x80 | 0x4 | 0x8,
} gpu_usage;

/* A kernel with the buffers that it works on. */
typedef struct {
    webgpu_borrow_gpu_compute_pipeline_t pipeline;
    webgpu_borrow_gpu_bind_group_t buffers;
} gpu_kernel;

/* Some work for a kernel: how many work groups of it run. */
typedef struct {
    const gpu_kernel *kernel;
    uint32_t groups;
} gpu_dispatch;

/* Opens the GPU that the study grants. */
const char *gpu_open(gpu *gpu);

/* Makes a buffer with this content, or of zeros if `bytes` is NULL. `length` is in bytes, a multiple of 4 and at most a mebibyte. */
const char *gpu_make_buffer(const gpu *gpu, gpu_usage usage, const void *bytes, size_t length, gpu_buffer *buffer);

/* Compiles the function of that name in a source in WGSL, and binds the variables 0, 1, … of its group 0 to these buffers. */
const char *gpu_make_kernel(
    const gpu *gpu, const char *source, const char *entry_point, const gpu_buffer *buffers, size_t count, gpu_kernel *kernel);

/* Submits work, each after that before it. It does not wait for it. */
const char *gpu_submit(const gpu *gpu, const gpu_dispatch *dispatches, size_t count);

/* Waits for what was submitted, and reads a part of a buffer through another that is for staging; all in bytes, multiples of 4. */
const char *gpu_read(
    const gpu *gpu, gpu_buffer source, size_t offset, gpu_buffer staging, void *bytes, size_t length);

#endif

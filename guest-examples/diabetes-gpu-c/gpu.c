#include "gpu.h"

#include <stdlib.h>
#include <string.h>

#include "trialbox.h"

/* To be mapped for reading (WebGPU, section 5.1.3). */
static const webgpu_gpu_map_mode_flags_t map_read = 0x1;

static compute_string_t text_of(const char *text) {
    // The bindings take text that may be changed, and do not change it.
    return (compute_string_t){(uint8_t *)text, strlen(text)};
}

static const char *failed_to(const char *action, compute_string_t reason) {
    return trialbox_failure("failed to %s: %.*s", action, (int)reason.len, (const char *)reason.ptr);
}

/* What the innermost scope has caught, which it closes. */
static const char *caught(const gpu *gpu, const char *action) {
    webgpu_option_own_gpu_error_t error;
    webgpu_pop_error_scope_error_t problem;
    if (!webgpu_method_gpu_device_pop_error_scope(gpu->device, &error, &problem)) return failed_to(action, problem.message);
    if (!error.is_some) return NULL;
    compute_string_t message;
    webgpu_method_gpu_error_message(webgpu_borrow_gpu_error(error.val), &message);
    return failed_to(action, message);
}

static void catch_errors(const gpu *gpu, webgpu_gpu_error_filter_t filter) {
    webgpu_method_gpu_device_push_error_scope(gpu->device, filter);
}

const char *gpu_open(gpu *gpu) {
    webgpu_own_gpu_adapter_t adapter;
    if (!webgpu_method_gpu_request_adapter(webgpu_borrow_gpu(webgpu_get_gpu()), NULL, &adapter)) {
        return trialbox_failure("there is no GPU: the study's adapter is not there");
    }
    webgpu_own_gpu_device_t device;
    webgpu_request_device_error_t problem;
    if (!webgpu_method_gpu_adapter_request_device(webgpu_borrow_gpu_adapter(adapter), NULL, &device, &problem)) {
        return failed_to("open the GPU", problem.message);
    }
    gpu->device = webgpu_borrow_gpu_device(device);
    gpu->queue = webgpu_borrow_gpu_queue(webgpu_method_gpu_device_queue(gpu->device));
    return NULL;
}

const char *gpu_make_buffer(const gpu *gpu, gpu_usage usage, const void *bytes, size_t length, gpu_buffer *buffer) {
    const char *action = "make a buffer";
    webgpu_gpu_buffer_descriptor_t descriptor = {.size = length, .usage = usage};
    catch_errors(gpu, WEBGPU_GPU_ERROR_FILTER_OUT_OF_MEMORY);
    catch_errors(gpu, WEBGPU_GPU_ERROR_FILTER_VALIDATION);
    *buffer = webgpu_borrow_gpu_buffer(webgpu_method_gpu_device_create_buffer(gpu->device, &descriptor));
    // Both scopes are closed, whatever the first has caught.
    const char *problem = caught(gpu, action), *no_memory = caught(gpu, action);
    if (problem || no_memory) return problem ? problem : no_memory;
    if (!bytes) return NULL;
    compute_list_u8_t data = {(uint8_t *)bytes, length};
    webgpu_write_buffer_error_t error;
    bool is_written = webgpu_method_gpu_queue_write_buffer_with_copy(gpu->queue, *buffer, 0, &data, NULL, NULL, &error);
    return is_written ? NULL : failed_to("write to a buffer", error.message);
}

/* The first error in a source, with its line; NULL if there is none. */
static const char *mistake(webgpu_borrow_gpu_shader_module_t module, const char *entry_point) {
    webgpu_own_gpu_compilation_info_t info = webgpu_method_gpu_shader_module_get_compilation_info(module);
    webgpu_list_own_gpu_compilation_message_t messages;
    webgpu_method_gpu_compilation_info_messages(webgpu_borrow_gpu_compilation_info(info), &messages);
    for (size_t index = 0; index < messages.len; index++) {
        webgpu_borrow_gpu_compilation_message_t message = webgpu_borrow_gpu_compilation_message(messages.ptr[index]);
        webgpu_gpu_compilation_message_type_t type = webgpu_method_gpu_compilation_message_type(message);
        if (type != WEBGPU_GPU_COMPILATION_MESSAGE_TYPE_ERROR) continue;
        unsigned long long line = webgpu_method_gpu_compilation_message_line_num(message);
        compute_string_t text;
        webgpu_method_gpu_compilation_message_message(message, &text);
        return trialbox_failure("line %llu of the kernel `%s`: %.*s", line, entry_point, (int)text.len, (const char *)text.ptr);
    }
    return NULL;
}

static const char *compile(
    const gpu *gpu, const char *source, const char *entry_point, webgpu_borrow_gpu_compute_pipeline_t *pipeline) {
    webgpu_gpu_shader_module_descriptor_t code = {.code = text_of(source)};
    catch_errors(gpu, WEBGPU_GPU_ERROR_FILTER_VALIDATION);
    webgpu_borrow_gpu_shader_module_t module =
        webgpu_borrow_gpu_shader_module(webgpu_method_gpu_device_create_shader_module(gpu->device, &code));
    const char *problem = caught(gpu, "compile a kernel"), *place = mistake(module, entry_point);
    if (place || problem) return place ? place : problem;
    webgpu_gpu_compute_pipeline_descriptor_t descriptor = {
        .compute = {.module = module, .entry_point = {true, text_of(entry_point)}},
        .layout = {.tag = WEBGPU_GPU_LAYOUT_MODE_AUTO},
    };
    catch_errors(gpu, WEBGPU_GPU_ERROR_FILTER_VALIDATION);
    *pipeline =
        webgpu_borrow_gpu_compute_pipeline(webgpu_method_gpu_device_create_compute_pipeline(gpu->device, &descriptor));
    return caught(gpu, "make a pipeline of a kernel");
}

const char *gpu_make_kernel(
    const gpu *gpu, const char *source, const char *entry_point, const gpu_buffer *buffers, size_t count, gpu_kernel *kernel) {
    const char *problem = compile(gpu, source, entry_point, &kernel->pipeline);
    if (problem) return problem;
    webgpu_gpu_bind_group_entry_t *entries = calloc(count, sizeof *entries);
    if (!entries) return trialbox_failure("there is no memory to bind %zu buffers", count);
    for (size_t index = 0; index < count; index++) {
        entries[index] = (webgpu_gpu_bind_group_entry_t){
            .binding = (uint32_t)index,
            .resource = {
                .tag = WEBGPU_GPU_BINDING_RESOURCE_GPU_BUFFER_BINDING,
                .val.gpu_buffer_binding = {.buffer = buffers[index]},
            },
        };
    }
    catch_errors(gpu, WEBGPU_GPU_ERROR_FILTER_VALIDATION);
    webgpu_own_gpu_bind_group_layout_t layout =
        webgpu_method_gpu_compute_pipeline_get_bind_group_layout(kernel->pipeline, 0);
    webgpu_gpu_bind_group_descriptor_t descriptor = {
        .layout = webgpu_borrow_gpu_bind_group_layout(layout),
        .entries = {entries, count},
    };
    kernel->buffers = webgpu_borrow_gpu_bind_group(webgpu_method_gpu_device_create_bind_group(gpu->device, &descriptor));
    free(entries);
    return caught(gpu, "bind a kernel to its buffers");
}

/* Ends what was recorded, and submits it. */
static void submit(const gpu *gpu, webgpu_own_gpu_command_encoder_t encoder) {
    webgpu_own_gpu_command_buffer_t commands =
        webgpu_method_gpu_command_encoder_finish(webgpu_borrow_gpu_command_encoder(encoder), NULL);
    webgpu_borrow_gpu_command_buffer_t borrowed = webgpu_borrow_gpu_command_buffer(commands);
    webgpu_list_borrow_gpu_command_buffer_t list = {&borrowed, 1};
    webgpu_method_gpu_queue_submit(gpu->queue, &list);
    webgpu_gpu_command_buffer_drop_own(commands);
    webgpu_gpu_command_encoder_drop_own(encoder);
}

const char *gpu_submit(const gpu *gpu, const gpu_dispatch *dispatches, size_t count) {
    catch_errors(gpu, WEBGPU_GPU_ERROR_FILTER_VALIDATION);
    webgpu_own_gpu_command_encoder_t encoder = webgpu_method_gpu_device_create_command_encoder(gpu->device, NULL);
    webgpu_own_gpu_compute_pass_encoder_t owned =
        webgpu_method_gpu_command_encoder_begin_compute_pass(webgpu_borrow_gpu_command_encoder(encoder), NULL);
    webgpu_borrow_gpu_compute_pass_encoder_t pass = webgpu_borrow_gpu_compute_pass_encoder(owned);
    const char *problem = NULL;
    for (size_t index = 0; index < count && !problem; index++) {
        webgpu_borrow_gpu_bind_group_t buffers = dispatches[index].kernel->buffers;
        webgpu_set_bind_group_error_t error;
        webgpu_method_gpu_compute_pass_encoder_set_pipeline(pass, dispatches[index].kernel->pipeline);
        bool is_set = webgpu_method_gpu_compute_pass_encoder_set_bind_group(pass, 0, &buffers, NULL, NULL, NULL, &error);
        if (!is_set) problem = failed_to("bind buffers", error.message);
        webgpu_method_gpu_compute_pass_encoder_dispatch_workgroups(pass, dispatches[index].groups, NULL, NULL);
    }
    webgpu_method_gpu_compute_pass_encoder_end(pass);
    webgpu_gpu_compute_pass_encoder_drop_own(owned);
    submit(gpu, encoder);
    const char *not_submitted = caught(gpu, "submit work");
    return problem ? problem : not_submitted;
}

const char *gpu_read(
    const gpu *gpu, gpu_buffer source, size_t offset, gpu_buffer staging, void *bytes, size_t length) {
    const char *action = "read from a buffer";
    catch_errors(gpu, WEBGPU_GPU_ERROR_FILTER_VALIDATION);
    webgpu_own_gpu_command_encoder_t encoder = webgpu_method_gpu_device_create_command_encoder(gpu->device, NULL);
    webgpu_method_gpu_command_encoder_copy_buffer_to_buffer(
        webgpu_borrow_gpu_command_encoder(encoder), source, offset, staging, 0, length);
    submit(gpu, encoder);
    const char *problem = caught(gpu, action);
    if (problem) return problem;

    webgpu_gpu_size64_t start = 0, size = length;
    webgpu_map_async_error_t not_mapped;
    if (!webgpu_method_gpu_buffer_map_async(staging, map_read, &start, &size, &not_mapped)) {
        return failed_to(action, not_mapped.message);
    }
    compute_list_u8_t content;
    webgpu_get_mapped_range_error_t not_read;
    if (!webgpu_method_gpu_buffer_get_mapped_range_get_with_copy(staging, &start, &size, &content, &not_read)) {
        return failed_to(action, not_read.message);
    }
    memcpy(bytes, content.ptr, content.len < length ? content.len : length);
    compute_list_u8_free(&content);
    webgpu_unmap_error_t not_unmapped;
    bool is_unmapped = webgpu_method_gpu_buffer_unmap(staging, &not_unmapped);
    return is_unmapped ? NULL : failed_to(action, not_unmapped.message);
}

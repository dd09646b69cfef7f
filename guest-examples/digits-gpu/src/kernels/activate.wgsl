// What the hidden units give for the rows of a batch: an invocation for each row and unit.

@group(0) @binding(0) var<storage, read> order: array<u32>;
@group(0) @binding(1) var<storage, read> place: array<u32>;
@group(0) @binding(2) var<storage, read> pixels: array<f32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> units: array<f32>;

@compute @workgroup_size(64)
fn activate(@builtin(global_invocation_id) id: vec3<u32>) {
    // There is a number for each row of the batch and each unit, and no more.
    if (id.x >= arrayLength(&units)) {
        return;
    }
    let first_pixel = order[place[NEXT] + id.x / HIDDEN] * INPUTS;
    let first_weight = (id.x % HIDDEN) * (INPUTS + 1u);
    var sum = weights[first_weight + INPUTS];
    for (var input = 0u; input < INPUTS; input += 1u) {
        sum += pixels[first_pixel + input] * weights[first_weight + input];
    }
    if (IS_RELU) {
        units[id.x] = max(sum, 0.0);
    } else {
        units[id.x] = tangent(sum);
    }
}

// The hyperbolic tangent. The built-in one is no number for large arguments on some devices.
fn tangent(x: f32) -> f32 {
    return 1.0 - 2.0 / (exp(2.0 * clamp(x, -20.0, 20.0)) + 1.0);
}

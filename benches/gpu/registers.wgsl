// The product of two square matrices of SIZE rows, a multiple of 32: each invocation computes a block of 4 by 4 numbers, which it
// keeps in registers. Whoever compiles it puts `const SIZE: u32 = …;` before it.

@group(0) @binding(0) var<storage, read> left: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> right: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> product: array<vec4<f32>>;

// Rows in vectors.
const QUADS: u32 = SIZE / 4u;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) place: vec3<u32>) {
    let column = place.x;
    let row = place.y * 4u;
    var sum_0 = vec4<f32>();
    var sum_1 = vec4<f32>();
    var sum_2 = vec4<f32>();
    var sum_3 = vec4<f32>();
    for (var quad = 0u; quad < QUADS; quad += 1u) {
        let left_0 = left[row * QUADS + quad];
        let left_1 = left[(row + 1u) * QUADS + quad];
        let left_2 = left[(row + 2u) * QUADS + quad];
        let left_3 = left[(row + 3u) * QUADS + quad];
        let right_0 = right[(quad * 4u) * QUADS + column];
        let right_1 = right[(quad * 4u + 1u) * QUADS + column];
        let right_2 = right[(quad * 4u + 2u) * QUADS + column];
        let right_3 = right[(quad * 4u + 3u) * QUADS + column];
        sum_0 += left_0.x * right_0;
        sum_0 += left_0.y * right_1;
        sum_0 += left_0.z * right_2;
        sum_0 += left_0.w * right_3;
        sum_1 += left_1.x * right_0;
        sum_1 += left_1.y * right_1;
        sum_1 += left_1.z * right_2;
        sum_1 += left_1.w * right_3;
        sum_2 += left_2.x * right_0;
        sum_2 += left_2.y * right_1;
        sum_2 += left_2.z * right_2;
        sum_2 += left_2.w * right_3;
        sum_3 += left_3.x * right_0;
        sum_3 += left_3.y * right_1;
        sum_3 += left_3.z * right_2;
        sum_3 += left_3.w * right_3;
    }
    product[row * QUADS + column] = sum_0;
    product[(row + 1u) * QUADS + column] = sum_1;
    product[(row + 2u) * QUADS + column] = sum_2;
    product[(row + 3u) * QUADS + column] = sum_3;
}

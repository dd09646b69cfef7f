// The product of two square matrices of SIZE rows, a multiple of 16: each work group computes a tile of 16 by 16 numbers, from
// tiles that it keeps in the memory of the group. Whoever compiles it puts `const SIZE: u32 = …;` before it.

@group(0) @binding(0) var<storage, read> left: array<f32>;
@group(0) @binding(1) var<storage, read> right: array<f32>;
@group(0) @binding(2) var<storage, read_write> product: array<f32>;

const TILE: u32 = 16u;

var<workgroup> left_tile: array<array<f32, TILE>, TILE>;
var<workgroup> right_tile: array<array<f32, TILE>, TILE>;

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) place: vec3<u32>, @builtin(local_invocation_id) inner: vec3<u32>) {
    let row = place.y;
    let column = place.x;
    var sum = 0.0;
    for (var tile = 0u; tile < SIZE / TILE; tile += 1u) {
        left_tile[inner.y][inner.x] = left[row * SIZE + tile * TILE + inner.x];
        right_tile[inner.y][inner.x] = right[(tile * TILE + inner.y) * SIZE + column];
        workgroupBarrier();
        for (var index = 0u; index < TILE; index += 1u) {
            sum += left_tile[inner.y][index] * right_tile[index][inner.x];
        }
        workgroupBarrier();
    }
    product[row * SIZE + column] = sum;
}

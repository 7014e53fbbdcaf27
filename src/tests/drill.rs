//! The drill for browsers: node runs it and compares its hash with `mikrodash drill`.

use wasm_bindgen::prelude::wasm_bindgen;

/// Applies random operations and returns the hash of all that came of them.
#[wasm_bindgen]
pub fn drill(seed: u64, ops: u32) -> String {
    mikrodash::domain::drill::fold_hash(seed, ops)
}

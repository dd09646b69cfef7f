//! The two maps of the interface, from names to limits and to constants: lists of pairs in the order in which names came.

#![expect(unreachable_pub, reason = "the generated bindings re-export the types, inside of this folder")]

use wasmtime::component::Resource;

use super::HostState;
use crate::sandbox::bindings::webgpu;
use crate::sandbox::fault::Fault;

/// How many names a map may have.
const ENTRIES_MAX: usize = 256;
/// How long a name may be.
const NAME_BYTES_MAX: usize = 256;

/// A map from names to values.
#[derive(Clone, Debug, Default)]
pub struct Entries<V>(Vec<(String, V)>);

/// Limits that a device must have.
pub type LimitEntries = Entries<Option<u64>>;
/// Values of a shader's constants.
pub type ConstantEntries = Entries<f64>;

impl<V: Copy> Entries<V> {
    fn add(&mut self, name: String, value: V) -> wasmtime::Result<()> {
        if let Some((_, there)) = self.0.iter_mut().find(|(known, _)| *known == name) {
            *there = value;
            return Ok(());
        }
        if self.0.len() >= ENTRIES_MAX || name.len() > NAME_BYTES_MAX {
            let message =
                format!("a map of more than {ENTRIES_MAX} names, or a name of more than {NAME_BYTES_MAX} bytes");
            return Err(Fault::misuse(message));
        }
        self.0.push((name, value));
        Ok(())
    }

    fn get(&self, name: &str) -> Option<V> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The pairs, in the order in which the names came.
    pub(super) fn into_pairs(self) -> Vec<(String, V)> {
        self.0
    }
}

macro_rules! map {
    ($interface:ident, $value:ty) => {
        impl webgpu::$interface for HostState {
            fn new(&mut self) -> wasmtime::Result<Resource<Entries<$value>>> {
                self.gpu(0)?;
                self.gpu_push(Entries::default())
            }

            fn add(&mut self, map: Resource<Entries<$value>>, name: String, value: $value) -> wasmtime::Result<()> {
                self.gpu_object(&map, name.len() as u64)?.add(name, value)
            }

            fn get(&mut self, map: Resource<Entries<$value>>, name: String) -> wasmtime::Result<Option<$value>> {
                Ok(self.gpu_object(&map, name.len() as u64)?.get(&name))
            }

            fn has(&mut self, map: Resource<Entries<$value>>, name: String) -> wasmtime::Result<bool> {
                Ok(self.gpu_object(&map, name.len() as u64)?.get(&name).is_some())
            }

            fn remove(&mut self, map: Resource<Entries<$value>>, name: String) -> wasmtime::Result<()> {
                self.gpu_object(&map, name.len() as u64)?.remove(&name);
                Ok(())
            }

            fn keys(&mut self, map: Resource<Entries<$value>>) -> wasmtime::Result<Vec<String>> {
                Ok(self.gpu_object(&map, ENTRIES_MAX as u64)?.names())
            }

            fn values(&mut self, map: Resource<Entries<$value>>) -> wasmtime::Result<Vec<$value>> {
                let pairs = &self.gpu_object(&map, ENTRIES_MAX as u64)?.0;
                Ok(pairs.iter().map(|(_, value)| *value).collect())
            }

            fn entries(&mut self, map: Resource<Entries<$value>>) -> wasmtime::Result<Vec<(String, $value)>> {
                Ok(self.gpu_object(&map, ENTRIES_MAX as u64)?.0.clone())
            }

            fn drop(&mut self, map: Resource<Entries<$value>>) -> wasmtime::Result<()> {
                self.gpu_drop(map)
            }
        }
    };
}

map!(HostRecordOptionGpuSize64, Option<u64>);
map!(HostRecordGpuPipelineConstantValue, f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_keeps_the_order_in_which_names_came_and_is_bounded() {
        let mut map = Entries::default();
        for (name, value) in [("b", 1.0), ("a", 2.0), ("b", 3.0), ("c", 4.0)] {
            map.add(name.into(), value).unwrap();
        }
        map.remove("c");
        assert_eq!((map.names(), map.get("b")), (vec!["b".to_owned(), "a".into()], Some(3.0)));
        assert!(map.add("x".repeat(NAME_BYTES_MAX + 1), 0.0).is_err());
        for number in 0..ENTRIES_MAX - 2 {
            map.add(number.to_string(), 0.0).unwrap();
        }
        assert!(map.add("one more".into(), 0.0).is_err());
    }
}

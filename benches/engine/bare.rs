//! A bare loop over wasmtime: instantiate the component, call it, drop it. No study, no store, no second thread.

use trialbox::sandbox::component;
use wasmtime::component::{Component, ComponentType, Lift, Linker, Lower, TypedFunc};
use wasmtime::{Config, Engine, Store};

/// A loop that is ready to run.
pub(super) struct Bare {
    engine: Engine,
    pre: wasmtime::component::InstancePre<u64>,
}

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum Value {
    #[component(name = "real")]
    Real(f64),
    #[component(name = "integer")]
    Integer(i64),
    #[component(name = "boolean")]
    Boolean(bool),
    #[component(name = "text")]
    Text(String),
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct Attribute {
    name: String,
    value: Value,
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Arguments {
    config: Vec<Attribute>,
    seed: u64,
}

type Train = TypedFunc<(Arguments,), (Result<(), String>,)>;

impl Bare {
    /// The engine's defaults, with fuel on.
    pub(super) fn new(bytes: &[u8]) -> Self {
        component::check_form(bytes).unwrap();
        let mut config = Config::new();
        config.consume_fuel(true);
        let engine = Engine::new(&config).unwrap();
        let component = Component::new(&engine, bytes).unwrap();
        let mut linker: Linker<u64> = Linker::new(&engine);
        linker
            .instance("trialbox:trial/report@0.1.0")
            .unwrap()
            .func_wrap("report", |mut store: wasmtime::StoreContextMut<'_, u64>, (attributes,): (Vec<Attribute>,)| {
                *store.data_mut() += attributes.len() as u64;
                Ok(())
            })
            .unwrap();
        linker.define_unknown_imports_as_traps(&component).unwrap();
        let pre = linker.instantiate_pre(&component).unwrap();
        Self { engine, pre }
    }

    pub(super) fn run(&self, times: u64) {
        for _ in 0..times {
            let mut store = Store::new(&self.engine, 0);
            store.set_fuel(1_000_000_000).unwrap();
            let instance = self.pre.instantiate(&mut store).unwrap();
            let interface = instance.get_export_index(&mut store, None, "trialbox:trial/train@0.1.0").unwrap();
            let function = instance.get_export_index(&mut store, Some(&interface), "train").unwrap();
            let train: Train = instance.get_typed_func(&mut store, function).unwrap();
            let config = vec![Attribute { name: "x".into(), value: Value::Real(0.5) }];
            train.call(&mut store, (Arguments { config, seed: 1 },)).unwrap().0.unwrap();
            assert!(*store.data() > 0);
        }
    }
}

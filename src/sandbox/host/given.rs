//! What a trial is given by the study besides data: arguments and an environment, and for a command its configuration and its seed as
//! files. `wasi:cli/environment` is bound here.

use std::sync::Arc;

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::json::{object, real_text};
use super::{HostState, Role};
use crate::sandbox::Arguments;
use crate::space::Value;
use crate::study::{Attribute, GuestSettings};

/// What every guest is called, as its first argument.
const PROGRAM_NAME: &str = "trial";

/// What a trial is given.
pub(in crate::sandbox) struct Given {
    settings: Arc<GuestSettings>,
    /// A command's configuration, as arguments. Any other guest is called with it.
    configuration: Vec<String>,
}

impl Given {
    /// What a component that exports `train` is given.
    pub(in crate::sandbox) fn to_train(settings: Arc<GuestSettings>) -> Self {
        Self { settings, configuration: Vec::new() }
    }

    /// What a command is given.
    pub(in crate::sandbox) fn to_command(settings: Arc<GuestSettings>, arguments: &Arguments) -> Self {
        let form = settings.configuration;
        let config = if form.has_arguments() { arguments.config.as_slice() } else { &[] };
        let configuration = config.iter().flat_map(flag).collect();
        Self { settings, configuration }
    }

    fn arguments(&self) -> Vec<String> {
        let name = std::iter::once(PROGRAM_NAME.to_owned());
        name.chain(self.settings.arguments.iter().cloned()).chain(self.configuration.iter().cloned()).collect()
    }

    fn environment(&self) -> Vec<(String, String)> {
        self.settings.environment.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// The content of a command's `config.json`, if the study has it get one.
pub(in crate::sandbox) fn config_file(settings: &GuestSettings, arguments: &Arguments) -> Option<Arc<Vec<u8>>> {
    let has_file = settings.configuration.has_file();
    has_file.then(|| Arc::new(object(&arguments.config).into_bytes()))
}

/// A parameter as two arguments.
fn flag(attribute: &Attribute) -> [String; 2] {
    let value = match &attribute.value {
        Value::Real(real) => real_text(*real),
        Value::Integer(integer) => integer.to_string(),
        Value::Boolean(boolean) => boolean.to_string(),
        Value::Text(text) => text.clone(),
    };
    [format!("--{}", attribute.name), value]
}

pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    let mut environment = linker.instance("wasi:cli/environment@0.2.12")?;
    environment.func_wrap("get-environment", |mut store: StoreContextMut<'_, HostState>, (): ()| {
        let state = store.data_mut();
        let variables = state.given().map(Given::environment).unwrap_or_default();
        state.owe_call(variables.iter().map(|(name, value)| (name.len() + value.len()) as u64).sum());
        Ok((variables,))
    })?;
    environment.func_wrap("get-arguments", |mut store: StoreContextMut<'_, HostState>, (): ()| {
        let state = store.data_mut();
        let arguments = state.given().map(Given::arguments).unwrap_or_default();
        state.owe_call(arguments.iter().map(|argument| argument.len() as u64).sum());
        Ok((arguments,))
    })?;
    environment.func_wrap("initial-cwd", |mut store: StoreContextMut<'_, HostState>, (): ()| {
        let state = store.data_mut();
        state.owe_call(1);
        Ok((state.given().map(|_| "/".to_owned()),))
    })
}

impl HostState {
    /// What it is given; nothing, unless it is a trial.
    fn given(&self) -> Option<&Given> {
        match &self.role {
            Role::Trial(trial) => Some(&trial.given),
            Role::Describe(_) | Role::Search(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::Seed;
    use crate::study::ConfigurationForm;

    #[test]
    fn a_command_is_given_its_configuration_in_the_form_that_the_study_says() {
        let attribute = |name: &str, value| Attribute { name: name.into(), value };
        let config = vec![
            attribute("rate", Value::Real(1e-4)),
            attribute("layers.0", Value::Integer(3)),
            attribute("bias", Value::Boolean(false)),
            attribute("activation", Value::Text("re lu".into())),
        ];
        let arguments = Arguments { config, seed: Seed(7) };
        let given = |configuration| {
            let settings = GuestSettings { arguments: vec!["-v".into()], configuration, ..GuestSettings::default() };
            let file = config_file(&settings, &arguments);
            let given = Given::to_command(Arc::new(settings), &arguments).arguments().join("|");
            (given, file.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()))
        };
        let flags = "trial|-v|--rate|0.0001|--layers.0|3|--bias|false|--activation|re lu".to_owned();
        let json = "{\n  \"rate\": 0.0001,\n  \"layers.0\": 3,\n  \"bias\": false,\n  \"activation\": \"re lu\"\n}\n";
        assert_eq!(given(ConfigurationForm::Both), (flags.clone(), Some(json.into())));
        assert_eq!(given(ConfigurationForm::Arguments), (flags, None));
        assert_eq!(given(ConfigurationForm::File), ("trial|-v".into(), Some(json.into())));
    }
}

//! From a component and data sets to a plan: looks at the component, identifies the data. What else the study is says a study
//! file or a builder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::inputs::{InputError, data_id};
use crate::executor::{self, ExecutorError, Interrupt, Program, RunOptions};
use crate::numeric::digest::Digest;
use crate::sandbox;
use crate::study::{
    ComponentId, DataId, Description, FloatMode, GpuGrant, GpuSpec, GuestSettings, Limits, Replication, StudySpec,
};

/// What a component imports that uses a GPU; behind it stands a version.
const GPU_INTERFACE: &str = "wasi:webgpu/webgpu@";

/// What is to be run: the specification, and where its component and data are.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the log is a function of.
    pub spec: StudySpec,
    /// Where the component and the data are.
    pub program: Program,
    /// Where the component is that searches, if one does.
    pub searcher: Option<PathBuf>,
}

/// What trials are made of, before anybody has looked at it.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The file of the component.
    pub component: PathBuf,
    /// The files of the data sets by name.
    pub data: BTreeMap<String, PathBuf>,
    /// The bounds on a trial, which also hold when the component is asked for its description.
    pub limits: Limits,
    /// How NaN is treated by the component's arithmetic.
    pub float_mode: FloatMode,
    /// The file of the component that searches, if one does.
    pub searcher: Option<PathBuf>,
}

/// Sources that were looked at: what is still missing to a plan is its specification.
#[derive(Clone, Debug)]
pub struct Examined {
    /// What the component says of itself; nothing, if it is a command.
    pub description: Option<Description>,
    program: Program,
    searcher: Option<(PathBuf, ComponentId)>,
    /// The interface to a GPU that the component imports, if it does.
    gpu_import: Option<String>,
}

/// Sources cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The component is not fit, or could not be looked at.
    #[error(transparent)]
    Component(ExecutorError),
    /// The component that searches is not fit, or could not be looked at.
    #[error(transparent)]
    Searcher(ExecutorError),
    /// A data set cannot be read.
    #[error("the data set `{name}`: {source}")]
    Data {
        /// Its name.
        name: String,
        /// Why.
        source: InputError,
    },
    /// The component uses a GPU, and the study grants none.
    #[error("the component imports `{import}`, but the study grants its trials no GPU")]
    NoGpuGrant {
        /// What it imports.
        import: String,
    },
    /// There is no GPU that can be used as the study grants it.
    #[error(transparent)]
    Gpu(ExecutorError),
}

impl Sources {
    /// Looks at the component in a worker, then reads the data sets to identify them.
    ///
    /// # Errors
    /// If the component is not fit, or a data set cannot be read.
    pub fn examine(&self, options: &RunOptions, interrupt: &Interrupt) -> Result<Examined, SourceError> {
        let Self { component, limits, float_mode, .. } = self;
        let inspection = executor::inspect(component, limits, *float_mode, options, interrupt);
        let inspection = inspection.map_err(SourceError::Component)?;
        let program = Program {
            component: component.clone(),
            id: inspection.id,
            data: self.identified_data()?,
            limits: limits.clone(),
            float_mode: *float_mode,
            replication: Replication::default(),
            guest: GuestSettings::default(),
            gpu: None,
        };
        let gpu_import = inspection.imports.into_iter().map(|import| import.name);
        let gpu_import = gpu_import.into_iter().find(|name| name.starts_with(GPU_INTERFACE));
        let searcher = match &self.searcher {
            None => None,
            Some(path) => Some((path.clone(), examine_searcher(path, *float_mode, options, interrupt)?)),
        };
        Ok(Examined { description: inspection.description, program, searcher, gpu_import })
    }

    fn identified_data(&self) -> Result<BTreeMap<String, (PathBuf, DataId)>, SourceError> {
        let identified = |(name, path): (&String, &PathBuf)| match data_id(path) {
            Ok(id) => Ok((name.clone(), (path.clone(), id))),
            Err(source) => Err(SourceError::Data { name: name.clone(), source }),
        };
        self.data.iter().map(identified).collect()
    }
}

/// Looks at a component that searches, in a worker.
///
/// # Errors
/// If the component is not fit, or the worker is lost.
pub fn examine_searcher(
    path: &Path,
    float_mode: FloatMode,
    options: &RunOptions,
    interrupt: &Interrupt,
) -> Result<ComponentId, SourceError> {
    let inspection = executor::inspect_searcher(path, float_mode, options, interrupt);
    Ok(inspection.map_err(SourceError::Searcher)?.id)
}

impl Examined {
    /// Grants trials a GPU, or none: finds out which one that is. Where trials run elsewhere it need not be called.
    ///
    /// # Errors
    /// If the component uses a GPU without a grant, or there is none that can be used as the grant says. Without a grant nobody
    /// looks for one.
    pub fn with_gpu(mut self, grant: Option<&GpuGrant>, options: &RunOptions) -> Result<Self, SourceError> {
        self.program.gpu = match (grant, &self.gpu_import) {
            (Some(grant), _) => {
                let adapter = executor::gpu_adapter(grant, options).map_err(SourceError::Gpu)?;
                Some(grant.clone().of(adapter))
            }
            (None, Some(import)) => return Err(SourceError::NoGpuGrant { import: import.clone() }),
            (None, None) => None,
        };
        Ok(self)
    }

    /// What trials may do with a GPU, and with which; none without a grant.
    #[must_use]
    pub fn gpu(&self) -> Option<&GpuSpec> {
        self.program.gpu.as_ref()
    }

    /// Identifies the component.
    #[must_use]
    pub fn component(&self) -> ComponentId {
        self.program.id.clone()
    }

    /// Identifies the data sets.
    #[must_use]
    pub fn data(&self) -> BTreeMap<String, DataId> {
        self.program.data.iter().map(|(name, (_, id))| (name.clone(), id.clone())).collect()
    }

    /// The fuel schedule under which trials of these sources run.
    #[must_use]
    pub fn fuel_schedule(&self) -> Digest {
        sandbox::fuel_schedule(self.program.float_mode)
    }

    /// Identifies the component that searches, if one does.
    #[must_use]
    pub fn searcher(&self) -> Option<&ComponentId> {
        self.searcher.as_ref().map(|(_, id)| id)
    }

    /// The plan of a study with that specification, which was made of what this says.
    #[must_use]
    pub fn plan(self, spec: StudySpec) -> Plan {
        let (replication, guest, gpu) = (Replication::of(&spec), spec.guest.clone(), spec.gpu.clone());
        let program = Program { replication, guest, gpu, ..self.program };
        Plan { spec, program, searcher: self.searcher.map(|(path, _)| path) }
    }
}

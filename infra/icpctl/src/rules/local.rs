//! Modules that run in this process, on a host of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use icp_domain::Province;
use icp_rules_host::{Host, HostConfig, LoadedModule};
use icp_rules_sdk::Description;
use icp_rules_sdk::vector::Vector;

use crate::bus;
use crate::cli::Cli;
use crate::place;
use crate::problem::Problem;

/// A host that asks for no signature: whoever runs this tool may run what he or she likes.
pub struct Local {
    /// The host.
    pub host: Arc<Host>,
}

/// A module that runs here.
pub struct Loaded {
    /// Whose rules.
    pub province: Province,
    /// The module.
    pub module: LoadedModule,
}

impl Local {
    /// A host without modules.
    pub fn new() -> Result<Self, Problem> {
        // Modules of the past may be looked at too: their day is every day.
        let any_day = || icp_rules_sdk::Date::new(1, 1, 1);
        let config = HostConfig { signature_required: false, ..HostConfig::default() };
        Ok(Self { host: Host::with_today(config, any_day)? })
    }

    /// What a module says about itself.
    pub fn describe(&self, what: &str, bytes: &[u8]) -> Result<(Province, Description), Problem> {
        let description = self.host.describe(bytes).map_err(|error| Problem::refused(what, &error))?;
        Ok((place::province(&description.province)?, description))
    }

    /// Loads a module, without running vectors.
    pub fn load(&self, what: &str, bytes: &[u8]) -> Result<Loaded, Problem> {
        let module = self.host.load_as_described(bytes).map_err(|error| Problem::refused(what, &error))?;
        Ok(Loaded { province: module.info().province, module })
    }

    /// Loads a module from a file.
    pub fn load_file(&self, path: &Path) -> Result<Loaded, Problem> {
        let bytes = place::read(path, "name the file of a built module; `icpctl rules build` makes them")?;
        self.load(&path.display().to_string(), &bytes)
    }

    /// Loads the module that the command line names for a province: a file, or the active one of the bus.
    pub async fn load_named(&self, cli: &Cli, province: Province, file: Option<&Path>) -> Result<Loaded, Problem> {
        let loaded = match file {
            Some(file) => self.load_file(file)?,
            None => {
                let jetstream = bus::connect(cli).await?;
                let stored = bus::active(&jetstream, province).await?;
                self.load(&format!("the active module of {}", province.letters()), &stored.module)?
            }
        };
        if loaded.province != province {
            return Err(Problem::new(
                format!("the module is not of {}", province.letters()),
                format!("it says it is for {}", loaded.province.letters()),
                "name a module of the province",
            ));
        }
        Ok(loaded)
    }
}

/// The folder of all vectors.
pub fn vectors_root(root: &Path) -> PathBuf {
    root.join("rules-wasm").join("vectors")
}

/// The vectors of one edition.
pub fn vectors(root: &Path, province: &str, version: &str) -> Result<Vec<Vector>, Problem> {
    Vector::read_edition(&vectors_root(root), province, version).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Problem::new(
            format!("the vectors of {province} {version} cannot be used"),
            format!("{error}{cause}"),
            "mend the file",
        )
    })
}

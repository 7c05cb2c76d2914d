//! The directory of a server: a given one that is kept, or a fresh one that goes with the server.

use std::path::{Path, PathBuf};

use anyhow::Context;
use nix::unistd::{Gid, Uid, User};

/// A server's directory.
#[derive(Debug)]
pub(crate) struct Home {
    dir: PathBuf,
    is_temporary: bool,
}

impl Home {
    /// A given directory, created if it is missing and kept afterwards.
    pub(crate) fn at(dir: &Path) -> anyhow::Result<Self> {
        let dir = std::path::absolute(dir).with_context(|| format!("the path {} is unusable", dir.display()))?;
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(Self { dir, is_temporary: false })
    }

    /// A fresh directory below the system's temporary directory, removed with the server.
    pub(crate) fn temporary(prefix: &str) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix(prefix).tempdir().context("cannot create a temporary directory")?;
        Ok(Self { dir: dir.keep(), is_temporary: true })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn is_temporary(&self) -> bool {
        self.is_temporary
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.is_temporary {
            // The watchdog may have been quicker.
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

/// Another user as whom a server must run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunAs {
    pub(crate) uid: Uid,
    pub(crate) gid: Gid,
}

impl RunAs {
    /// The user `name` when this process is root, which some servers refuse; nobody else otherwise.
    pub(crate) fn instead_of_root(name: &str) -> anyhow::Result<Option<Self>> {
        if !Uid::effective().is_root() {
            return Ok(None);
        }
        let user = User::from_name(name)
            .context("cannot read the user database")?
            .with_context(|| format!("there is no system user `{name}`; install the package that makes it"))?;
        Ok(Some(Self { uid: user.uid, gid: user.gid }))
    }

    /// Gives the directory to that user and tells whether the user can reach it.
    pub(crate) fn can_use(self, dir: &Path) -> anyhow::Result<bool> {
        use std::os::unix::process::CommandExt;

        std::os::unix::fs::chown(dir, Some(self.uid.as_raw()), Some(self.gid.as_raw()))
            .with_context(|| format!("cannot give {} to another user", dir.display()))?;
        let outcome = std::process::Command::new("sh")
            .args(["-c", "cd \"$1\" && : > .reachable && rm .reachable", "sh"])
            .arg(dir)
            .current_dir("/")
            .uid(self.uid.as_raw())
            .gid(self.gid.as_raw())
            .stderr(std::process::Stdio::null())
            .status()
            .context("cannot run sh")?;
        Ok(outcome.success())
    }
}

use std::path::PathBuf;

/// Why the sandbox could not start or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A port could not be bound.
    #[error("cannot listen for {port} on {address}")]
    Bind {
        /// Which of the two ports.
        port: &'static str,
        /// The address from the configuration.
        address: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A bound socket did not tell its address.
    #[error("cannot read the address of a listener")]
    LocalAddress(#[source] std::io::Error),
    /// The ports file could not be written.
    #[error("cannot write the ports file {path}")]
    PortsFile {
        /// The path from the configuration.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Signals could not be listened for.
    #[error("cannot listen for signals")]
    Signal(#[source] std::io::Error),
    /// Two accounts have the same `ispId`.
    #[error("two accounts have the ispId {0}")]
    DuplicateAccount(String),
    /// The issuer of tokens has no key.
    #[error("the issuer of tokens cannot make a key")]
    IssuerKey,
    /// A server task ended although nobody asked for it.
    #[error("a task of the sandbox ended unexpectedly")]
    TaskEnded,
    /// The clock could not be shared over NATS.
    #[error("cannot share the clock over NATS")]
    Clock(#[from] crate::clock::ClockError),
}

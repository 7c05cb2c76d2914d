//! The whole platform on one machine: every service as a process, with the sandbox as its outside world.
//!
//! Reading order: [`world`] starts everything, [`rulebooks`] puts rule modules on the bus, [`client`] speaks to the API
//! as an applicant or reviewer would, [`orders`] reads the demo's input, [`timeline`] collects what each service noted
//! of an order, [`people`] signs in, [`story`] is the demo, [`life`] its part with an order of every type.
//! The system tests and the benchmark use the same world.

pub mod client;
pub mod life;
pub mod orders;
pub mod people;
pub mod rulebooks;
pub mod story;
pub mod timeline;
pub mod world;

pub use client::Client;
pub use world::{World, WorldOptions};

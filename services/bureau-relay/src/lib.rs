//! The bureau relay: the only service that talks to a communications bureau (管局).
//!
//! Reading order: [`filing`] (what is handed over), [`wire`] (the ministry's formats), the pure ideas
//! [`sequence`], [`upload_file`], [`batch`], [`reply`] and [`image_fit`].

pub mod batch;
pub mod filing;
pub mod image_fit;
pub mod reply;
pub mod sequence;
pub mod upload_file;
pub mod wire;

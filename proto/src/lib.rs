//! Protobuf messages of the bus and gRPC services, one module per area and version.
//!
//! The `.proto` files beside this crate are the contract; see them for the meaning of each field.
#![allow(missing_docs, rustdoc::invalid_html_tags, clippy::all, clippy::pedantic)]

macro_rules! areas {
    ($($area:ident),*) => {$(
        pub mod $area {
            pub mod v1 {
                include!(concat!(env!("OUT_DIR"), "/icp.", stringify!($area), ".v1.rs"));
            }
        }
    )*};
}

/// All generated packages.
pub mod icp {
    areas!(audit, common, intake, ops, order, identity, authority, relay, bureau, sms, schedule);
}

pub use icp::{
    audit::v1 as audit, authority::v1 as authority, bureau::v1 as bureau, common::v1 as common,
    identity::v1 as identity, intake::v1 as intake, ops::v1 as ops, order::v1 as order, relay::v1 as relay,
    schedule::v1 as schedule, sms::v1 as sms,
};

/// The compiled descriptors of all packages, for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/icp.bin"));

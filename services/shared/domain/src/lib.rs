//! Value types of ICP filing (备案): identifiers with their check digits, provinces, order types and
//! the content of a filing. No I/O, no clock, no randomness; also compiled to WebAssembly.
//!
//! Reading order: [`province`], [`identifiers`], [`names`], [`order_type`], [`filing`], [`material`], [`finding`], [`check`],
//! [`calendar`].

pub mod calendar;
pub mod check;
pub mod filing;
pub mod finding;
pub mod identifiers;
pub mod material;
pub mod names;
#[cfg(feature = "openapi")]
mod openapi;
pub mod order_type;
pub mod province;

pub use calendar::Calendar;
pub use check::CheckName;
pub use filing::*;
pub use finding::{Finding, FindingSource, Severity, Stage};
pub use material::MaterialKind;
pub use order_type::{BureauOperation, Description, Holder, OrderType, Part, Persons};
pub use province::Province;

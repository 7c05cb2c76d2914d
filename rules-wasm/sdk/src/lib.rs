//! What every province's rule book is made of: the contract's types, the national baseline, typed
//! parameters with their sources, and the code that judges an order by them.
//!
//! A province is one [`ProvinceBook`](book::ProvinceBook): the national values with that bureau's
//! parameters in place of some of them, and a function for what data cannot say.
//! [`export_bureau!`] turns it into a WebAssembly component; natively the same book is judged with
//! [`judge::judge`].
//!
//! Reading order: [`bindings`] (the contract), [`param`], [`book`], [`national`], [`catalogue`], [`judge`],
//! [`requirements`], [`describe`], [`severity`], [`batch`], [`convert`], [`vector`], `mutate`.

#[cfg(any(test, target_arch = "wasm32"))]
mod allocator;
pub mod batch;
pub mod bindings;
pub mod book;
pub mod catalogue;
#[cfg(any(test, target_arch = "wasm32"))]
mod compare;
pub mod convert;
pub mod date;
pub mod describe;
pub mod guest;
pub mod judge;
#[cfg(not(target_arch = "wasm32"))]
pub mod mutate;
pub mod national;
pub mod param;
pub mod requirements;
pub mod severity;
pub mod text;
pub mod vector;

pub use bindings::exports::icp::bureau_rules::rules as contract;
pub use contract::{
    Access, Address, AddressPlace, AppPlatform, Capabilities, Certificate, ChecklistItem, Confidence, Context, Date,
    Description, DocumentRequirement, DomainAnswer, EnterpriseAnswer, EnterpriseStatus, Finding, FooterNumber, IdUse,
    InternetService, LegalRepresentative, Limits, Material, MaterialForm, OnRecord, Order, OrderType, Organiser,
    Parameter, Person, PersonCheck, PersonRequirement, PhoneUse, PreApproval, RecordedService, RequirementsAnswer,
    ServiceKind, Severity, SmsReceiver, Source,
};
pub use icp_domain::Province;

//! The formats of the ministry's enterprise interface (企业系统接口规范): V3.0 of October 2013, and what is public of
//! V5.0.
//!
//! Everything here is pure: bytes and typed values in, bytes and typed values out. The tags of the
//! interface (`Zt_xx`, `Dwmc`, …) are known in this module only.
//!
//! Reading order: [`charset`], [`xml`], [`dialect`], [`envelope`], [`soap`], [`answer`], [`block`], [`upload`],
//! [`parts`], [`check`], [`download`], [`on_record`].

pub mod answer;
pub mod block;
pub mod charset;
pub mod check;
pub mod dialect;
pub mod download;
pub mod envelope;
pub mod on_record;
pub mod parts;
pub mod soap;
pub mod upload;
pub mod xml;

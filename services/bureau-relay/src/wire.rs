//! The formats of the ministry's enterprise interface (企业系统接口规范 V3.0, October 2013).
//!
//! Everything here is pure: bytes and typed values in, bytes and typed values out. The tags of the
//! interface (`Zt_xx`, `Dwmc`, …) are known in this module only.
//!
//! Reading order: [`charset`], [`xml`], [`envelope`], [`soap`], [`answer`], [`upload`], [`download`].

pub mod answer;
pub mod charset;
pub mod download;
pub mod envelope;
pub mod soap;
pub mod upload;
pub mod xml;

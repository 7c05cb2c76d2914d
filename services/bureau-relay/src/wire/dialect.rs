//! How one bureau speaks: the version of the interface and everything that its public text leaves open.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::charset::gbk_xml;

/// Version of the interface document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Interface {
    /// V3.0 of October 2013: GBK, websites only.
    #[serde(rename = "V3.0")]
    V3_0,
    /// V5.0: UTF-8, also APPs, mini-programs and quick apps; only partly public (bureau-interface §9).
    #[serde(rename = "V5.0")]
    V5_0,
}

impl Interface {
    /// The text form, e.g. `V5.0`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V3_0 => "V3.0",
            Self::V5_0 => "V5.0",
        }
    }

    /// The `version` of an upload document.
    pub fn version_text(self) -> &'static str {
        match self {
            Self::V3_0 => "V.3.0",
            Self::V5_0 => "V.5.0",
        }
    }

    /// Name of the encoding in the XML declaration.
    pub fn encoding(self) -> &'static str {
        match self {
            Self::V3_0 => "GBK",
            Self::V5_0 => "UTF-8",
        }
    }

    /// XML text in the encoding of the version.
    pub fn encode(self, text: &str) -> Cow<'_, [u8]> {
        match self {
            Self::V3_0 => Cow::Owned(gbk_xml(text)),
            Self::V5_0 => Cow::Borrowed(text.as_bytes()),
        }
    }
}

/// How one bureau spells its requests and documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    /// Version of the interface.
    pub interface: Interface,
    /// Target namespace of the operations.
    pub namespace: String,
    /// Whether the parameters carry the namespace too (`elementFormDefault="qualified"`).
    pub qualified_parameters: bool,
    /// Operations whose first parameter is spelled `ispID`; the others say `ispId`.
    pub isp_id_upper: Vec<String>,
    /// V5.0: collection code (采集码, `Cjm`) of pictures; empty leaves the element out.
    pub collection_code: String,
    /// V5.0: tags of an APP's features.
    pub app: AppTags,
    /// V5.0: tags of the status query's condition.
    pub query: QueryTags,
}

/// Tags and platform codes of an APP's features (bureau-interface §10); not public, so they are settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppTags {
    /// Around the features on one platform.
    pub group: String,
    /// Code of the platform.
    pub platform: String,
    /// Package name or bundle id.
    pub package: String,
    /// Public key.
    pub public_key: String,
    /// Fingerprint of the certificate.
    pub fingerprint: String,
    /// One domain that the APP uses.
    pub domain: String,
    /// Provider of one SDK.
    pub sdk_provider: String,
    /// Code of Android.
    pub android: u32,
    /// Code of iOS.
    pub ios: u32,
    /// Code of HarmonyOS.
    pub harmony_os: u32,
}

/// Tags of the condition of `isp_querybeianstatus` ("表130"); not public, so they are settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryTags {
    /// The root.
    pub root: String,
    /// What is asked by: 0 = domain, else the kind of certificate.
    pub kind: String,
    /// The domain or the number.
    pub value: String,
}

/// The dialect of the compiled-in defaults in this version; for tests.
#[cfg(test)]
pub(crate) fn specimen(interface: Interface) -> Dialect {
    Dialect {
        interface,
        namespace: "http://example.cn/isp".into(),
        qualified_parameters: false,
        isp_id_upper: vec!["isp_upload".into()],
        collection_code: "DZCJ".into(),
        app: AppTags {
            group: "App_xx".into(),
            platform: "Yxpt".into(),
            package: "Bm".into(),
            public_key: "Gy".into(),
            fingerprint: "Zszw".into(),
            domain: "Ym".into(),
            sdk_provider: "Sdk".into(),
            android: 1,
            ios: 2,
            harmony_os: 3,
        },
        query: QueryTags { root: "queryCondition".into(), kind: "Cxtjlx".into(), value: "Cxtj".into() },
    }
}

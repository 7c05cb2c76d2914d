//! SOAP 1.1 requests and answers of the six operations (bureau-interface §3).
//!
//! The service description of the bureaus is not public, so what may differ between them is a setting
//! ([`super::dialect::Dialect`]) when writing, and reading is liberal: any prefix, escaped text, CDATA or inline XML.

use super::charset::{CharsetError, decode_xml};
use super::dialect::{Dialect, Interface, QueryTags};
use super::envelope::EnvelopeError;
use super::xml::{Element, XmlError, XmlWriter};

const SOAP_ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// The operations of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `isp_upload`: hands over one file.
    Upload,
    /// `isp_download`: asks for the next waiting file.
    Download,
    /// `isp_downloadack`: says that a file was stored.
    DownloadAck,
    /// `isp_querypreviousupload`: which upload was accepted last?
    QueryPreviousUpload,
    /// `isp_querybeianstatus`: is a domain or an organiser filed?
    QueryStatus,
    /// `isp_verifybamm`: is the filing password right?
    VerifyPassword,
}

impl Operation {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Upload => "isp_upload",
            Self::Download => "isp_download",
            Self::DownloadAck => "isp_downloadack",
            Self::QueryPreviousUpload => "isp_querypreviousupload",
            Self::QueryStatus => "isp_querybeianstatus",
            Self::VerifyPassword => "isp_verifybamm",
        }
    }

    /// The path of the service that offers the operation.
    pub fn path(self) -> &'static str {
        match self {
            Self::Upload | Self::Download | Self::DownloadAck | Self::QueryPreviousUpload => {
                "/ISPWebService/upDownLoad"
            }
            Self::QueryStatus => "/BeianStatusWebService/queryBeianStatus",
            Self::VerifyPassword => "/BeianStatusWebService/verifyBamm",
        }
    }
}

/// Who calls: the first four parameters and the hash algorithm (0 = MD5) of every operation.
#[derive(Clone, PartialEq, Eq)]
pub struct Caller {
    /// Number of the provider at the bureau.
    pub isp_id: i64,
    /// Account name.
    pub user_name: String,
    /// Fresh random value, see [`super::envelope::rand_val`].
    pub rand_val: String,
    /// See [`super::envelope::pwd_hash`].
    pub pwd_hash: String,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Caller").field("isp_id", &self.isp_id).finish_non_exhaustive()
    }
}

impl Caller {
    /// A caller with a fresh random value.
    pub fn fresh(interface: Interface, isp_id: i64, user_name: &str, password: &str) -> Result<Self, EnvelopeError> {
        let rand_val = super::envelope::rand_val();
        let pwd_hash = super::envelope::pwd_hash(interface, password, &rand_val)?;
        Ok(Self { isp_id, user_name: user_name.to_owned(), rand_val, pwd_hash })
    }
}

/// An operation with its own parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call<'a> {
    /// `isp_upload`
    Upload {
        /// Base64 content.
        beian_info: &'a str,
        /// Base64 hash of the zip container.
        beian_info_hash: &'a str,
        /// Number of the upload.
        data_sequence: u32,
        /// Whether the content is encrypted.
        encrypted: bool,
    },
    /// `isp_download`
    Download,
    /// `isp_downloadack`
    DownloadAck {
        /// Name as given in the download.
        file_name: &'a str,
    },
    /// `isp_querypreviousupload`
    QueryPreviousUpload,
    /// `isp_querybeianstatus` of V3.0
    QueryStatus {
        /// 0 = domain, 1…11 = certificate type.
        condition_type: u32,
        /// Domain or certificate number.
        condition: &'a str,
    },
    /// `isp_querybeianstatus` of V5.0
    QueryStatusSealed {
        /// Base64 of the encrypted condition.
        query_info: &'a str,
        /// Base64 hash of the condition in clear.
        query_info_hash: &'a str,
    },
    /// `isp_verifybamm`
    VerifyPassword {
        /// Filing number.
        filing_number: &'a str,
        /// MD5 hex of the filing password.
        filing_password: &'a str,
    },
}

impl Call<'_> {
    /// Which operation this is.
    pub fn operation(&self) -> Operation {
        match self {
            Self::Upload { .. } => Operation::Upload,
            Self::Download => Operation::Download,
            Self::DownloadAck { .. } => Operation::DownloadAck,
            Self::QueryPreviousUpload => Operation::QueryPreviousUpload,
            Self::QueryStatus { .. } | Self::QueryStatusSealed { .. } => Operation::QueryStatus,
            Self::VerifyPassword { .. } => Operation::VerifyPassword,
        }
    }
}

/// Writes the request body, in UTF-8.
pub fn write_request(dialect: &Dialect, caller: &Caller, call: &Call<'_>) -> String {
    let operation = call.operation();
    let mut namespace = String::new();
    super::xml::escape_into(&dialect.namespace, &mut namespace);
    let mut writer = XmlWriter::with_prolog("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    writer.element(
        &format!("soapenv:Envelope xmlns:soapenv=\"{SOAP_ENVELOPE}\" xmlns:isp=\"{namespace}\""),
        |envelope| {
            envelope.element("soapenv:Body", |body| {
                body.element(&format!("isp:{}", operation.name()), |parameters| {
                    for (name, value) in parameters_of(dialect, caller, call) {
                        if dialect.qualified_parameters {
                            parameters.leaf(&format!("isp:{name}"), &value);
                        } else {
                            parameters.leaf(name, &value);
                        }
                    }
                });
            });
        },
    );
    writer.finish()
}

fn isp_id_tag(dialect: &Dialect, operation: Operation) -> &'static str {
    if dialect.isp_id_upper.iter().any(|name| name == operation.name()) { "ispID" } else { "ispId" }
}

/// Names and values in the order of the interface document.
fn parameters_of(dialect: &Dialect, caller: &Caller, call: &Call<'_>) -> Vec<(&'static str, String)> {
    let mut list = vec![
        (isp_id_tag(dialect, call.operation()), caller.isp_id.to_string()),
        ("userName", caller.user_name.clone()),
        ("randVal", caller.rand_val.clone()),
        ("pwdHash", caller.pwd_hash.clone()),
    ];
    match *call {
        Call::Upload { beian_info, beian_info_hash, data_sequence, encrypted } => list.extend([
            ("beianInfo", beian_info.to_owned()),
            ("beianInfoHash", beian_info_hash.to_owned()),
            ("dataSequence", data_sequence.to_string()),
            ("encryptAlgorithm", u8::from(encrypted).to_string()),
            ("hashAlgorithm", "0".to_owned()),
            ("compressionFormat", "0".to_owned()),
        ]),
        Call::Download | Call::QueryPreviousUpload => list.push(("hashAlgorithm", "0".to_owned())),
        Call::DownloadAck { file_name } => {
            list.extend([("hashAlgorithm", "0".to_owned()), ("fileName", file_name.to_owned())]);
        }
        Call::QueryStatus { condition_type, condition } => list.extend([
            ("hashAlgorithm", "0".to_owned()),
            ("queryConditionType", condition_type.to_string()),
            ("queryCondition", condition.to_owned()),
        ]),
        Call::QueryStatusSealed { query_info, query_info_hash } => list.extend([
            ("hashAlgorithm", "0".to_owned()),
            ("queryInfo", query_info.to_owned()),
            ("queryInfoHash", query_info_hash.to_owned()),
        ]),
        Call::VerifyPassword { filing_number, filing_password } => list.extend([
            ("hashAlgorithm", "0".to_owned()),
            ("baxh", filing_number.to_owned()),
            ("bamm", filing_password.to_owned()),
        ]),
    }
    list
}

/// The condition of a status query of V5.0, which is sent encrypted.
pub fn status_condition(tags: &QueryTags, kind: u32, value: &str) -> String {
    let mut writer = XmlWriter::default();
    writer.element(&tags.root, |condition| {
        condition.number(&tags.kind, kind);
        condition.leaf(&tags.value, value);
    });
    writer.finish()
}

/// Why an answer has no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SoapError {
    /// The bytes are not text of a known encoding.
    #[error("the answer is not readable text")]
    Charset(#[from] CharsetError),
    /// The answer is not XML.
    #[error("the answer is not XML")]
    Xml(#[from] XmlError),
    /// The server answered with a SOAP fault.
    #[error("the server answered with a fault: {code}: {text}")]
    Fault {
        /// `faultcode`
        code: String,
        /// `faultstring`, shortened
        text: String,
    },
    /// There is no `return` in the answer.
    #[error("the answer has no return document")]
    NoReturn,
}

/// Reads an answer and returns the root of the document that it carries.
pub fn read_response(body: &[u8]) -> Result<Element, SoapError> {
    let text = decode_xml(body)?;
    let envelope = Element::parse(text.trim_start())?;
    if let Some(fault) = envelope.find("Fault") {
        return Err(SoapError::Fault {
            code: fault.text_of("faultcode").unwrap_or("?").to_owned(),
            text: fault.text_of("faultstring").unwrap_or("?").chars().take(300).collect(),
        });
    }
    let carrier = if envelope.name == "return" {
        &envelope
    } else {
        let body = envelope.find("Body").ok_or(SoapError::NoReturn)?;
        let response = body.children.first().ok_or(SoapError::NoReturn)?;
        // `<…Response><return>`; some servers name the part after the operation.
        response.child("return").or_else(|| response.children.first()).unwrap_or(response)
    };
    if carrier.child("msg_code").is_some() {
        return Ok(carrier.clone());
    }
    if let Some(inline) = carrier.children.iter().find(|child| child.child("msg_code").is_some()) {
        return Ok(inline.clone());
    }
    let document = carrier.text.trim();
    if document.is_empty() {
        return Err(SoapError::NoReturn);
    }
    Ok(Element::parse(document)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn dialect() -> Dialect {
        super::super::dialect::specimen(Interface::V3_0)
    }

    fn caller() -> Caller {
        Caller {
            isp_id: 330_000_000_001,
            user_name: "u&1".into(),
            rand_val: "iPVFOyQsIOZJtYJFv4ig".into(),
            pwd_hash: "J7Vdl7+VlQt9dI20O86MKw==".into(),
        }
    }

    fn names_of(request: &str) -> Vec<String> {
        let root = Element::parse(request).unwrap();
        assert_eq!(root.name, "Envelope");
        let call = &root.child("Body").unwrap().children[0];
        call.children.iter().map(|child| child.name.clone()).collect()
    }

    #[test]
    fn parameters_are_in_the_order_of_the_document() {
        let call = Call::Upload { beian_info: "QQ==", beian_info_hash: "H==", data_sequence: 7, encrypted: true };
        let request = write_request(&dialect(), &caller(), &call);
        assert_eq!(
            names_of(&request),
            [
                "ispID",
                "userName",
                "randVal",
                "pwdHash",
                "beianInfo",
                "beianInfoHash",
                "dataSequence",
                "encryptAlgorithm",
                "hashAlgorithm",
                "compressionFormat"
            ]
        );
        assert!(request.contains("<userName>u&amp;1</userName>"), "{request}");
        assert!(request.contains("<isp:isp_upload>"), "{request}");
        let expected: [(Call<'_>, &[&str]); 6] = [
            (Call::Download, &[]),
            (Call::QueryPreviousUpload, &[]),
            (Call::DownloadAck { file_name: "f" }, &["fileName"]),
            (Call::QueryStatus { condition_type: 0, condition: "a.cn" }, &["queryConditionType", "queryCondition"]),
            (Call::QueryStatusSealed { query_info: "q", query_info_hash: "h" }, &["queryInfo", "queryInfoHash"]),
            (Call::VerifyPassword { filing_number: "n", filing_password: "p" }, &["baxh", "bamm"]),
        ];
        for (call, own) in expected {
            let mut names = vec!["ispId", "userName", "randVal", "pwdHash", "hashAlgorithm"];
            names.extend(own);
            assert_eq!(names_of(&write_request(&dialect(), &caller(), &call)), names);
        }
    }

    #[test]
    fn parameters_can_be_qualified() {
        let dialect = Dialect { qualified_parameters: true, ..dialect() };
        let request = write_request(&dialect, &caller(), &Call::Download);
        assert!(request.contains("<isp:ispId>330000000001</isp:ispId>"), "{request}");
    }

    #[test]
    fn the_return_document_is_found_in_every_form() {
        let inner = "<?xml version=\"1.0\" encoding=\"GBK\"?><return><msg_code>0</msg_code><msg>成功</msg></return>";
        let mut escaped = String::new();
        super::super::xml::escape_into(inner, &mut escaped);
        let bare = "<return><msg_code>0</msg_code><msg>成功</msg></return>";
        let envelope = |inside: &str| {
            format!(
                "<S:Envelope xmlns:S=\"{SOAP_ENVELOPE}\"><S:Body><n:isp_uploadResponse xmlns:n=\"x\">{inside}</n:isp_uploadResponse></S:Body></S:Envelope>"
            )
        };
        let forms = [
            envelope(&format!("<return>{escaped}</return>")),
            envelope(&format!("<n:return><![CDATA[{inner}]]></n:return>")),
            envelope(&format!("<return>{bare}</return>")),
            envelope(bare),
            envelope(&format!("<isp_uploadReturn>{escaped}</isp_uploadReturn>")),
            bare.to_owned(),
        ];
        for form in forms {
            let document = read_response(form.as_bytes()).expect(&form);
            assert_eq!(document.text_of("msg"), Some("成功"), "{form}");
        }
    }

    #[test]
    fn faults_and_other_pages_are_told_apart() {
        let fault = format!(
            "<S:Envelope xmlns:S=\"{SOAP_ENVELOPE}\"><S:Body><S:Fault><faultcode>S:Server</faultcode><faultstring>boom</faultstring></S:Fault></S:Body></S:Envelope>"
        );
        assert_eq!(
            read_response(fault.as_bytes()),
            Err(SoapError::Fault { code: "S:Server".into(), text: "boom".into() })
        );
        assert_eq!(read_response(b"<html><body>502</body></html>"), Err(SoapError::NoReturn));
        assert!(matches!(read_response(b"Bad gateway"), Err(SoapError::Xml(_))));
        let empty = format!("<E xmlns=\"{SOAP_ENVELOPE}\"><Body><r><return/></r></Body></E>");
        assert_eq!(read_response(empty.as_bytes()), Err(SoapError::NoReturn));
    }
}

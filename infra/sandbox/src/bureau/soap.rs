//! SOAP 1.1, wrapped document/literal: read with any prefix and namespace, written with the
//! configured namespace. The operation's result is one String that holds an XML document.

use quick_xml::escape::escape;

use super::xml::Element;

/// One call of an operation.
#[derive(Debug)]
pub struct SoapCall {
    /// Local name of the body's element, e.g. `isp_upload`.
    pub operation: String,
    parameters: Vec<(String, String)>,
}

/// Why a call cannot be read; becomes a SOAP fault of the client.
#[derive(Debug, thiserror::Error)]
pub enum SoapError {
    /// The body is not a SOAP envelope.
    #[error("not a SOAP envelope: {0}")]
    Envelope(String),
    /// A parameter is missing.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    /// A parameter is not a number.
    #[error("the parameter {0} is not a whole number")]
    NotANumber(&'static str),
    /// The operation is not served at this address.
    #[error("the operation {0} is not known here")]
    Operation(String),
}

impl SoapCall {
    /// Reads a request body.
    pub fn parse(body: &[u8]) -> Result<Self, SoapError> {
        let text = std::str::from_utf8(body).map_err(|_| SoapError::Envelope("the request is not UTF-8".to_owned()))?;
        let envelope = Element::parse(text).map_err(|it| SoapError::Envelope(it.to_string()))?;
        let refuse = |reason: &str| SoapError::Envelope(reason.to_owned());
        if envelope.name != "Envelope" {
            return Err(refuse("the root is not Envelope"));
        }
        let body = envelope.child("Body").ok_or_else(|| refuse("no Body"))?;
        let call = body.children.first().ok_or_else(|| refuse("empty Body"))?;
        let parameters = call.children.iter().map(|child| (child.name.clone(), child.text().to_owned())).collect();
        Ok(Self { operation: call.name.clone(), parameters })
    }

    /// A text parameter; absent and empty are the same. `ispID` and `ispId` are the same.
    pub fn text(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    }

    /// A number parameter.
    pub fn number(&self, name: &'static str) -> Result<i64, SoapError> {
        match self.text(name) {
            "" => Err(SoapError::Missing(name)),
            text => text.parse().map_err(|_| SoapError::NotANumber(name)),
        }
    }
}

/// The envelope around the result of an operation.
pub fn response(namespace: &str, operation: &str, result: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>\
         <ns2:{operation}Response xmlns:ns2=\"{namespace}\"><return>{result}</return>\
         </ns2:{operation}Response></soap:Body></soap:Envelope>",
        namespace = escape(namespace),
        result = escape(result),
    )
}

/// The envelope of a fault.
pub fn fault(reason: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>\
         <soap:Fault><faultcode>soap:Client</faultcode><faultstring>{}</faultstring></soap:Fault>\
         </soap:Body></soap:Envelope>",
        escape(reason)
    )
}

/// Name and XML schema type of a parameter.
type Parameter = (&'static str, &'static str);

const IDENTITY: [Parameter; 4] =
    [("ispId", "long"), ("userName", "string"), ("randVal", "string"), ("pwdHash", "string")];

/// Own parameters of each operation, after those of [`IDENTITY`], by service.
const UP_DOWN_LOAD: &[(&str, &[Parameter])] = &[
    (
        "isp_upload",
        &[
            ("beianInfo", "string"),
            ("beianInfoHash", "string"),
            ("dataSequence", "long"),
            ("encryptAlgorithm", "int"),
            ("hashAlgorithm", "int"),
            ("compressionFormat", "int"),
        ],
    ),
    ("isp_download", &[("hashAlgorithm", "int")]),
    ("isp_downloadack", &[("hashAlgorithm", "int"), ("fileName", "string")]),
    ("isp_querypreviousupload", &[("hashAlgorithm", "int")]),
];
const QUERY_BEIAN_STATUS: &[(&str, &[Parameter])] = &[(
    "isp_querybeianstatus",
    &[("hashAlgorithm", "int"), ("queryConditionType", "int"), ("queryCondition", "string")],
)];

/// A minimal description of one of the two services. The ministry's own is not public.
pub fn wsdl(service: &str, namespace: &str, address: &str) -> String {
    let operations = match service {
        "queryBeianStatus" => QUERY_BEIAN_STATUS,
        _ => UP_DOWN_LOAD,
    };
    let mut types = String::new();
    let mut messages = String::new();
    let mut port_type = String::new();
    let mut binding = String::new();
    for (operation, own) in operations {
        let parameters: String = IDENTITY
            .iter()
            .chain(own.iter())
            .map(|(name, kind)| format!("<xs:element minOccurs=\"0\" name=\"{name}\" type=\"xs:{kind}\"/>"))
            .collect();
        types += &format!(
            "<xs:element name=\"{operation}\"><xs:complexType><xs:sequence>{parameters}</xs:sequence></xs:complexType></xs:element>\
             <xs:element name=\"{operation}Response\"><xs:complexType><xs:sequence>\
             <xs:element minOccurs=\"0\" name=\"return\" type=\"xs:string\"/></xs:sequence></xs:complexType></xs:element>"
        );
        messages += &format!(
            "<wsdl:message name=\"{operation}\"><wsdl:part element=\"tns:{operation}\" name=\"parameters\"/></wsdl:message>\
             <wsdl:message name=\"{operation}Response\"><wsdl:part element=\"tns:{operation}Response\" name=\"parameters\"/></wsdl:message>"
        );
        port_type += &format!(
            "<wsdl:operation name=\"{operation}\"><wsdl:input message=\"tns:{operation}\"/><wsdl:output message=\"tns:{operation}Response\"/></wsdl:operation>"
        );
        binding += &format!(
            "<wsdl:operation name=\"{operation}\"><soap:operation soapAction=\"\" style=\"document\"/>\
             <wsdl:input><soap:body use=\"literal\"/></wsdl:input><wsdl:output><soap:body use=\"literal\"/></wsdl:output></wsdl:operation>"
        );
    }
    let namespace = escape(namespace);
    let address = escape(address);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <wsdl:definitions name=\"{service}\" targetNamespace=\"{namespace}\" xmlns:tns=\"{namespace}\" \
         xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\" \
         xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">\
         <wsdl:types><xs:schema elementFormDefault=\"unqualified\" targetNamespace=\"{namespace}\">{types}</xs:schema></wsdl:types>\
         {messages}<wsdl:portType name=\"{service}PortType\">{port_type}</wsdl:portType>\
         <wsdl:binding name=\"{service}Binding\" type=\"tns:{service}PortType\">\
         <soap:binding style=\"document\" transport=\"http://schemas.xmlsoap.org/soap/http\"/>{binding}</wsdl:binding>\
         <wsdl:service name=\"{service}\"><wsdl:port binding=\"tns:{service}Binding\" name=\"{service}Port\">\
         <soap:address location=\"{address}\"/></wsdl:port></wsdl:service></wsdl:definitions>"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_call_is_read_with_any_prefix_and_spelling() {
        let body = "<S:Envelope xmlns:S='x'><S:Header/><S:Body><q:isp_download xmlns:q='y'><ispID>44</ispID>\
                    <q:userName> u </q:userName></q:isp_download></S:Body></S:Envelope>";
        let call = SoapCall::parse(body.as_bytes()).unwrap();
        assert_eq!(call.operation, "isp_download");
        assert_eq!(call.number("ispId").unwrap(), 44);
        assert_eq!(call.text("userName"), "u");
        assert!(call.number("hashAlgorithm").is_err());
    }

    #[test]
    fn results_come_back_out_of_the_envelope() {
        let text = response("urn:x", "isp_upload", "<return>a&b</return>");
        let envelope = Element::parse(&text).unwrap();
        let result = envelope.text_at("Body/isp_uploadResponse/return");
        assert_eq!(result, Some("<return>a&b</return>"));
    }

    #[test]
    fn the_description_is_well_formed() {
        for service in ["upDownLoad", "queryBeianStatus"] {
            let text = wsdl(service, "urn:x", "http://127.0.0.1/x");
            assert_eq!(Element::parse(&text).unwrap().name, "definitions");
        }
    }
}

//! A request that can be broken, sent, and printed as a command.

use std::fmt;

use reqwest::Method;
use serde_json::Value;

/// A request; the parts of its path and query stand in clear.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) base: String,
    pub(super) method: Method,
    /// With the names of its parts, e.g. `/v1/orders/{id}`.
    pub(super) path: String,
    /// Percent-encoded.
    pub(super) parts: Vec<(String, String)>,
    /// Percent-encoded.
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Body>,
}

#[derive(Clone)]
pub(super) struct Body {
    pub(super) content_type: Option<String>,
    pub(super) bytes: Vec<u8>,
}

/// An answer as it came.
pub(super) struct RawAnswer {
    pub(super) status: u16,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) bytes: Vec<u8>,
}

impl Body {
    pub(super) fn of_json(value: &Value) -> Self {
        Self { content_type: Some("application/json".to_owned()), bytes: value.to_string().into_bytes() }
    }

    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.bytes).ok()
    }
}

impl Request {
    fn target(&self) -> String {
        let mut path = self.path.clone();
        for (name, value) in &self.parts {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        let query: Vec<String> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{path}{mark}{}", self.base, query.join("&"))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(super) fn set_header(&mut self, name: &str, value: Option<&str>) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    /// Sends it with a client that follows no redirects.
    pub(super) async fn send(&self, client: &reqwest::Client) -> RawAnswer {
        let mut request = client.request(self.method.clone(), self.target());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &self.body {
            if let Some(content_type) = &body.content_type {
                request = request.header("content-type", content_type);
            }
            request = request.body(body.bytes.clone());
        }
        let answer = request.send().await.unwrap_or_else(|error| panic!("{error}\n    {self}"));
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        RawAnswer { status, headers, bytes: answer.bytes().await.unwrap().to_vec() }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "curl -i -X {} '{}'", self.method, self.target())?;
        for (name, value) in &self.headers {
            write!(f, " -H '{name}: {value}'")?;
        }
        let Some(body) = &self.body else { return Ok(()) };
        write!(f, " -H 'Content-Type: {}'", body.content_type.as_deref().unwrap_or_default())?;
        match std::str::from_utf8(&body.bytes) {
            Ok(text) if text.len() < 4000 => write!(f, " --data-binary '{}'", text.replace('\'', "'\\''")),
            _ => {
                use std::hash::{DefaultHasher, Hash as _, Hasher as _};
                let mut hasher = DefaultHasher::new();
                body.bytes.hash(&mut hasher);
                let file = format!("{}/conformance-{:016x}", env!("CARGO_TARGET_TMPDIR"), hasher.finish());
                std::fs::write(&file, &body.bytes).map_err(|_| fmt::Error)?;
                write!(f, " --data-binary @{file}")
            }
        }
    }
}

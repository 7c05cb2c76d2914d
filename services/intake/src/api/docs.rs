//! The documentation that the running service serves.

use axum::http::header;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::problem::Kind;

const PAGE: &str = include_str!("docs.html");

/// `GET /`
pub async fn index() -> Redirect {
    Redirect::temporary("/docs")
}

/// `GET /docs`
pub async fn page() -> Response {
    ([(header::CACHE_CONTROL, "no-cache")], Html(PAGE.replace("{{errors}}", &error_rows()))).into_response()
}

fn error_rows() -> String {
    Kind::ALL
        .iter()
        .map(|kind| {
            let (code, status, title) = kind.describe();
            format!("<tr id=\"{code}\"><td><code>{code}</code></td><td>{}</td><td>{title}</td></tr>\n", status.as_u16())
        })
        .collect()
}

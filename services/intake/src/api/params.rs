//! What the path and the query say, with errors as problem documents.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::problem::{Kind, Problem};

/// The query; what is unknown or does not fit names its parameter.
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        read(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    // No text of ours holds this character, and Postgres takes none that does.
    if let Some((name, _)) = form_urlencoded::parse(query.as_bytes()).find(|(_, value)| value.contains('\0')) {
        return Err(Problem::field(&name, "holds the character U+0000", "leave it out"));
    }
    let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let name = match error.path().to_string() {
            path if path == "." => "query".to_owned(),
            path => path,
        };
        Problem::field(&name, &error.inner().to_string(), "see /docs for what this path takes")
    })
}

/// Parts of the path. What is not text, or no value of the type, is no path.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let unknown = || Problem::new(Kind::NoSuchPath, "See /docs for the paths.");
        if parts.uri.path().contains("%00") {
            return Err(unknown());
        }
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(path)| Self(path)).map_err(|_| unknown())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        name: Option<String>,
        limit: Option<i64>,
    }

    #[test]
    fn a_query_that_does_not_fit_names_its_parameter() {
        assert_eq!(read::<Asked>("").unwrap(), Asked { name: None, limit: None });
        let read_one = read::<Asked>("name=%E7%A4%BA%E4%BE%8B&limit=5").unwrap();
        assert_eq!(read_one, Asked { name: Some("示例".to_owned()), limit: Some(5) });
        for (query, name) in [("limit=many", "limit"), ("colour=red", "colour"), ("name=a%00b", "name")] {
            let problem = read::<Asked>(query).unwrap_err();
            assert_eq!(problem.named().collect::<Vec<_>>(), [name], "{query}");
        }
    }
}

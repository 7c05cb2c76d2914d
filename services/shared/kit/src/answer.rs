//! Answers of systems outside over HTTP, read no further than a limit: whoever answers may be broken, or somebody else.

use reqwest::Response;
use serde::de::DeserializeOwned;

/// Why an answer is not read.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// It did not come to its end, or not in time.
    #[error("the answer broke off")]
    BrokenOff(#[source] reqwest::Error),
    /// It is longer than the limit.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    /// It is not as agreed.
    #[error("the answer is not as agreed")]
    Malformed(#[source] serde_json::Error),
}

/// The JSON of an answer that has at most so many bytes.
pub async fn json<T: DeserializeOwned>(answer: Response, bytes_max: usize) -> Result<T, AnswerError> {
    serde_json::from_slice(&bytes(answer, bytes_max).await?).map_err(AnswerError::Malformed)
}

/// The body of an answer that has at most so many bytes.
pub async fn bytes(mut answer: Response, bytes_max: usize) -> Result<Vec<u8>, AnswerError> {
    let mut body = Vec::new();
    // An address may hold what was asked.
    while let Some(chunk) = answer.chunk().await.map_err(|error| AnswerError::BrokenOff(error.without_url()))? {
        if body.len() + chunk.len() > bytes_max {
            return Err(AnswerError::TooLarge(bytes_max));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn answer(body: &'static str) -> Response {
        Response::from(axum::http::Response::new(body))
    }

    #[tokio::test]
    async fn an_answer_is_read_up_to_its_limit() {
        let numbers: Vec<u8> = json(answer("[1, 2]"), 6).await.unwrap();
        assert_eq!(numbers, [1, 2]);
        assert!(matches!(json::<Vec<u8>>(answer("[1, 2]"), 5).await, Err(AnswerError::TooLarge(5))));
        assert!(matches!(json::<Vec<u8>>(answer("[1, 2"), 6).await, Err(AnswerError::Malformed(_))));
    }
}

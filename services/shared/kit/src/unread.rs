//! Requests that are answered before their body was read.
//!
//! Closing a connection on which the client still writes destroys the answer on its way: the client of a file that is
//! too large would see a reset instead of the reason. What the answer left unread is read and thrown away.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header;
use futures::StreamExt as _;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::runtime::Handle;

/// Who still sends after this time loses the connection.
const READ_FOR: Duration = Duration::from_secs(30);

/// Lets the body of a request be read to its end, whatever its handler leaves of it.
pub fn read_out(request: Request) -> Request {
    // Who asks first (`Expect: 100-continue`) and gets an answer sends nothing.
    let is_coming = !request.headers().contains_key(header::EXPECT);
    request.map(|body| Body::new(ReadOut { body: Some(body), is_coming }))
}

struct ReadOut {
    /// Until its end has been read.
    body: Option<Body>,
    is_coming: bool,
}

impl HttpBody for ReadOut {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.is_coming = true;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for ReadOut {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| self.is_coming && !body.is_end_stream()) else { return };
        if let Ok(runtime) = Handle::try_current() {
            let rest = body.into_data_stream().take_while(|part| std::future::ready(part.is_ok()));
            runtime.spawn(tokio::time::timeout(READ_FOR, rest.for_each(|_| std::future::ready(()))));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::http::StatusCode;
    use axum::response::IntoResponse as _;
    use axum::routing::any;
    use axum::{Router, ServiceExt as _};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tower::ServiceExt as _;

    use super::*;

    /// More than the buffers of a connection hold, bytes.
    const FILE_BYTES: usize = 64 << 20;

    /// A server that refuses whatever comes, and reads nothing of it.
    async fn server() -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let refuse = any(|| async { (StatusCode::PAYLOAD_TOO_LARGE, "send less").into_response() });
        let service = Router::new().fallback_service(refuse).map_request(read_out);
        tokio::spawn(async move { axum::serve(listener, service.into_make_service()).await });
        TcpStream::connect(address).await.unwrap()
    }

    #[tokio::test]
    async fn whoever_sends_everything_first_reads_the_answer_and_asks_again() {
        let mut connection = server().await;
        for _ in 0..2 {
            let head = format!("PUT / HTTP/1.1\r\nHost: here\r\nContent-Length: {FILE_BYTES}\r\n\r\n");
            connection.write_all(head.as_bytes()).await.unwrap();
            connection.write_all(&vec![b' '; FILE_BYTES]).await.unwrap();
            assert!(answer(&mut connection).await.starts_with("HTTP/1.1 413"));
        }
    }

    #[tokio::test]
    async fn whoever_asks_before_sending_is_not_invited() {
        let mut connection = server().await;
        let head =
            format!("PUT / HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: {FILE_BYTES}\r\n\r\n");
        connection.write_all(head.as_bytes()).await.unwrap();
        assert!(answer(&mut connection).await.starts_with("HTTP/1.1 413"));
        assert_eq!(connection.read(&mut [0; 1]).await.unwrap(), 0, "the connection is closed");
    }

    async fn answer(connection: &mut TcpStream) -> String {
        let mut answer = Vec::new();
        while !answer.ends_with(b"send less") {
            assert_ne!(connection.read_buf(&mut answer).await.unwrap(), 0, "the connection ended within the answer");
        }
        String::from_utf8(answer).unwrap()
    }
}

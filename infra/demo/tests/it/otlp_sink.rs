//! Takes what the services export over OTLP/gRPC and keeps the bytes.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;

#[derive(Clone)]
pub(crate) struct OtlpSink {
    received: Arc<Mutex<Vec<u8>>>,
    port: u16,
}

impl OtlpSink {
    pub(crate) async fn start() -> Self {
        let sink = Self { received: Arc::default(), port: icp_testkit::free_port().unwrap() };
        let router: Router = Router::new().fallback(keep).with_state(sink.clone());
        let server = tonic::transport::Server::builder().add_routes(tonic::service::Routes::from(router));
        let address = format!("127.0.0.1:{}", sink.port).parse().unwrap();
        tokio::spawn(async move { server.serve(address).await.unwrap() });
        sink
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn received(&self) -> Vec<u8> {
        self.received.lock().unwrap().clone()
    }
}

async fn keep(State(sink): State<OtlpSink>, request: Request) -> Response {
    let body = to_bytes(request.into_body(), usize::MAX).await.unwrap_or_default();
    sink.received.lock().unwrap().extend_from_slice(&body);
    // An empty answer message; the status travels in the headers.
    Response::builder()
        .header("content-type", "application/grpc")
        .header("grpc-status", "0")
        .body(Body::from(vec![0_u8; 5]))
        .unwrap()
}

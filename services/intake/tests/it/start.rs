//! A service that cannot reach its broker says so, is alive but not ready, and goes on as soon as it can.

use std::time::Duration;

use icp_testkit::{NatsServer, wait_until};

use crate::app::App;

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_it_is_alive_not_ready_and_gets_ready_by_itself() {
    let mut nats = NatsServer::start_temp().await.unwrap();
    nats.kill().await.unwrap();
    let app = App::start_on(nats, async |starting| {
        let http = reqwest::Client::new();
        let get = async |path: &str| {
            let answer =
                http.get(format!("{}{path}", starting.base)).send().await.map_err(|error| error.to_string())?;
            Ok::<_, String>((answer.status().as_u16(), answer.text().await.unwrap_or_default()))
        };
        wait_until("intake to be alive", Duration::from_secs(30), || async {
            match get("/healthz").await? {
                (200, _) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await
        .unwrap();
        assert_eq!(get("/readyz").await.unwrap().0, 503);
        let (status, body) = get("/v1/orders").await.unwrap();
        assert_eq!(status, 503);
        assert!(body.contains("Service is starting"), "{body}");
        starting.nats.restart().await.unwrap();
    })
    .await;
    let (path, _) = app.draft(1).await;
    assert_eq!(app.order(&path).await.status, 200);
}

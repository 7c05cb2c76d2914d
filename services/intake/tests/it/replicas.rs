//! Further processes of intake on the database and the bus of an [`App`].

use std::path::PathBuf;
use std::time::Duration;

use icp_testkit::{free_port, wait_until};
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// One more intake, in this process.
pub(crate) struct Replica {
    pub(crate) base: String,
    shutdown: CancellationToken,
}

/// Where an intake of its own answers, and its configuration.
pub(crate) struct Place {
    pub(crate) base: String,
    pub(crate) config: PathBuf,
}

/// The configuration of an app's intake, with listeners of its own and with further settings.
pub(crate) fn place(app: &App, settings: &str) -> Place {
    let (http, grpc) = (free_port().unwrap(), free_port().unwrap());
    let text = std::fs::read_to_string(app.folder.path().join("intake.toml")).unwrap();
    let line = |line: &str| match line.split_once(" = ").map(|(key, _)| key) {
        Some("http_listen") => format!("http_listen = \"127.0.0.1:{http}\"\n"),
        Some("grpc_listen") => format!("grpc_listen = \"127.0.0.1:{grpc}\"\n"),
        _ => format!("{line}\n"),
    };
    let text: String = text.lines().map(line).collect();
    let config = app.folder.path().join(format!("intake-{http}.toml"));
    std::fs::write(&config, text + settings).unwrap();
    Place { base: format!("http://127.0.0.1:{http}"), config }
}

pub(crate) async fn wait_ready(app: &App, base: &str) {
    wait_until("the replica to be ready", Duration::from_secs(60), || async {
        let answer = app.http.get(format!("{base}/readyz")).send().await.map_err(|error| error.to_string())?;
        if answer.status().is_success() { Ok(()) } else { Err(answer.text().await.unwrap_or_default()) }
    })
    .await
    .unwrap();
}

impl Replica {
    pub(crate) async fn start(app: &App, settings: &str) -> Self {
        let Place { base, config } = place(app, settings);
        let loaded =
            icp_kit::config::load::<icp_intake::Config>(icp_intake::NAME, icp_intake::DEFAULTS, Some(&config)).unwrap();
        let shutdown = CancellationToken::new();
        tokio::spawn(icp_kit::service::run(icp_intake::NAME, loaded, shutdown.clone(), icp_intake::build));
        wait_ready(app, &base).await;
        Self { base, shutdown }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

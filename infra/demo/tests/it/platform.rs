//! A platform for one test, and what must be true when a test ends.

use std::path::PathBuf;
use std::time::Duration;

use icp_demo::{World, WorldOptions};
use icp_proto::ops::operations_client::OperationsClient;
use icp_proto::ops::{BacklogRequest, BacklogResponse};
use icp_testkit::wait_until;

/// Options with the binaries beside this test and the modules that `cargo xtask rules build` made.
pub(crate) fn options(name: &str) -> WorldOptions {
    // <target>/<profile>/deps/<this test>
    let profile_dir = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
    let target = profile_dir.parent().unwrap().to_owned();
    let from = |variable: &str, otherwise: PathBuf| std::env::var_os(variable).map_or(otherwise, PathBuf::from);
    WorldOptions {
        bin_dir: from("ICP_BIN_DIR", profile_dir),
        rules_dir: from("ICP_RULES_DIR", target.join("rules")),
        work_dir: from("ICP_WORK_DIR", target.join("test")).join(name),
        is_durable: false,
        sandbox_delay_ms: 100,
        download_interval_ms: 2000,
        upload_wait_ms: 100,
        sends_slips: true,
        settings: Vec::new(),
        sandbox_flags: Vec::new(),
    }
}

/// Nothing waits, nothing is stuck, nothing was given up: outboxes are published, jobs done, no dead letters.
pub(crate) async fn assert_nothing_left(world: &World) {
    for (name, service) in &world.services {
        let mut client = OperationsClient::connect(service.grpc.clone()).await.unwrap();
        let backlog = wait_until(&format!("nothing to be left in {name}"), Duration::from_secs(60), || {
            let mut client = client.clone();
            async move {
                let backlog =
                    client.backlog(BacklogRequest {}).await.map_err(|status| status.to_string())?.into_inner();
                let is_clean = backlog == BacklogResponse::default();
                if is_clean { Ok(()) } else { Err(format!("{backlog:?}")) }
            }
        })
        .await;
        if let Err(error) = backlog {
            let _ = client.backlog(BacklogRequest {}).await;
            panic!("{error}\n{}", service.program.last_lines());
        }
    }
}

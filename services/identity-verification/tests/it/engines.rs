//! Engines that are away, and the choice of one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use icp_domain::Province;
use icp_identity::engine::{DocumentEngine, DocumentFields, EngineError, FaceMatch};
use icp_identity::sandbox_engine::SandboxEngine;
use icp_identity::{Config, DEFAULTS};
use icp_testkit::{filings, wait_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::world::{PATIENCE, World};

/// Answers neither reading nor comparing for some calls each.
struct Tired {
    reads: AtomicU32,
    comparisons: AtomicU32,
}

fn is_away(left: &AtomicU32) -> Result<(), EngineError> {
    match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) {
        Ok(_) => Err(EngineError::Unavailable("no licence left".to_owned())),
        Err(_) => Ok(()),
    }
}

#[async_trait]
impl DocumentEngine for Tired {
    fn name(&self) -> &'static str {
        "tired/1"
    }

    async fn read(&self, image: &[u8]) -> Result<DocumentFields, EngineError> {
        is_away(&self.reads)?;
        SandboxEngine.read(image).await
    }

    async fn compare_faces(&self, live: &[u8], document: &[u8]) -> Result<FaceMatch, EngineError> {
        is_away(&self.comparisons)?;
        SandboxEngine.compare_faces(live, document).await
    }
}

#[tokio::test]
async fn an_engine_that_is_away_is_asked_again_and_nothing_is_said_meanwhile() {
    let engine = Arc::new(Tired { reads: AtomicU32::new(u32::MAX), comparisons: AtomicU32::new(2) });
    let world = World::start_with(Some(engine.clone())).await;
    let filing = filings::company_filing(Province::Zhejiang, 1);
    let order_id = Uuid::now_v7();
    let materials = world.store(order_id, &filing).await;
    world.ask(order_id, 1, &filing, materials).await;
    wait_until("two attempts", PATIENCE, || async {
        let attempts: Option<i32> =
            sqlx::query_scalar("select attempts from jobs").fetch_optional(&world.pool).await.unwrap();
        if attempts >= Some(2) { Ok(()) } else { Err(format!("{attempts:?}")) }
    })
    .await
    .unwrap();
    assert_eq!(world.events_about(order_id), []);
    assert!(world.journal(order_id).await.is_empty());
    engine.reads.store(0, Ordering::SeqCst);
    assert_eq!(world.answer(order_id, 1).await.findings, []);
    assert_eq!(engine.comparisons.load(Ordering::SeqCst), 0);
    assert_eq!(world.events_about(order_id).len(), 1);
    world.assert_settled().await;
}

#[tokio::test]
async fn no_engine_is_chosen_by_itself() {
    let world = World::start().await;
    for (setting, complaint) in [("", "identity.engine is not set"), ("engine = \"vision\"", "unknown")] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("identity.toml");
        let common = &world.intake.common;
        let text = format!(
            "[database]\nurl = {:?}\n[nats]\nurl = {:?}\n[identity]\n{setting}\n",
            world.database.url,
            common.nats.url.expose()
        );
        std::fs::write(&file, text).unwrap();
        let loaded = icp_kit::config::load::<Config>("identity", DEFAULTS, Some(&file)).unwrap();
        let run = icp_kit::service::run("identity", loaded, CancellationToken::new(), icp_identity::build);
        let error = run.await.unwrap_err();
        assert!(error.to_string().contains(complaint), "{error}");
    }
}

//! Rule modules of the demo: published, activated, taken back, and refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use async_nats::jetstream;
use icp_domain::Province;
use icp_rules_host::publish::{self, announced};
use icp_rules_host::status::{self, Refusal};
use icp_rules_sdk::vector::Vector;
use icp_testkit::wait_until;
use serde::Deserialize;

use crate::World;
use crate::world::REVIEWER_TOKEN;

/// Compiling a module takes up to some seconds where the compiler itself is not optimised.
const ACTIVE_BOUND: Duration = Duration::from_secs(300);

/// A custom section, which WebAssembly allows anywhere: the module behaves as before and has another digest.
const CUSTOM_SECTION: &[u8] = b"\0\x05\x04demo";

/// A rule module that was built.
#[derive(Debug, Clone, Deserialize)]
pub struct BuiltModule {
    /// Letters of the province.
    pub province: String,
    /// Version.
    pub version: String,
    /// File beside the manifest.
    pub file: String,
}

impl World {
    /// The modules that were built, in the order of province and version.
    pub fn built_modules(&self) -> anyhow::Result<Vec<BuiltModule>> {
        let manifest = self.options.rules_dir.join("manifest.json");
        let text = std::fs::read_to_string(&manifest)
            .with_context(|| format!("{} is missing; run `cargo xtask rules build`", manifest.display()))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Puts a module on the bus and waits until intake judges with it.
    pub async fn activate_rules(&self, province: &str, version: &str) -> anyhow::Result<()> {
        let digest = self.publish_rules(&self.jetstream().await?, &self.built_module(province, version)?).await?;
        self.wait_active(province, &digest).await
    }

    /// Puts a module of every province on the bus that has none active, the first version of each, and waits until
    /// intake judges with all of them; tells the active digests by province.
    pub async fn activate_all_rules(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let active = self.active_rules().await?;
        let mut wanted = BTreeMap::new();
        for module in self.built_modules()? {
            if !active.contains_key(&module.province) {
                wanted.entry(module.province.clone()).or_insert(module);
            }
        }
        let jetstream = self.jetstream().await?;
        for module in wanted.values() {
            self.publish_rules(&jetstream, module).await?;
        }
        let count = active.len() + wanted.len();
        wait_until(&format!("the rule books of {count} provinces to be active"), ACTIVE_BOUND, || async {
            let active = self.active_rules().await.map_err(|error| format!("{error:#}"))?;
            if active.len() == count { Ok(active) } else { Err(format!("{} are", active.len())) }
        })
        .await
        .with_context(|| format!("see the refusals in {}", self.work_dir().join("logs/intake.log").display()))
    }

    /// Goes back to the release before, and waits until intake judges with it.
    pub async fn roll_back_rules(&self, province: &str) -> anyhow::Result<()> {
        let announcement = publish::rollback(&self.jetstream().await?, parse(province)?).await?;
        self.wait_active(province, &announcement.release.digest).await
    }

    /// Releases a module that does not do what the vectors of a later edition ask; tells why intake refused it.
    pub async fn publish_refused_rules(
        &self,
        province: &str,
        version: &str,
        vectors_of: &str,
    ) -> anyhow::Result<Refusal> {
        let module = self.built_module(province, version)?;
        let mut bytes = std::fs::read(self.options.rules_dir.join(&module.file))?;
        bytes.extend_from_slice(CUSTOM_SECTION);
        let vectors = Vector::read_edition(&vectors_root(), province, vectors_of)?;
        let jetstream = self.jetstream().await?;
        let release =
            publish::publish(&jetstream, parse(province)?, &bytes, version, &self.signing_key, &vectors).await?;
        wait_until("the release to be refused", ACTIVE_BOUND, || async {
            let statuses = status::statuses(&jetstream).await.map_err(|error| error.to_string())?;
            let refusals = statuses.get(province).into_iter().flatten().filter_map(|host| host.refused.clone());
            refusals
                .into_iter()
                .find(|refusal| refusal.release.digest == release.digest)
                .ok_or_else(|| "no host has refused it".to_owned())
        })
        .await
    }

    fn built_module(&self, province: &str, version: &str) -> anyhow::Result<BuiltModule> {
        self.built_modules()?
            .into_iter()
            .find(|module| module.province == province && module.version == version)
            .with_context(|| format!("module {province} {version} is not built"))
    }

    /// Publishes a module and names it active; tells its digest.
    async fn publish_rules(&self, jetstream: &jetstream::Context, module: &BuiltModule) -> anyhow::Result<String> {
        let bytes = std::fs::read(self.options.rules_dir.join(&module.file))?;
        let letters = parse(&module.province)?;
        let vectors = Vector::read_edition(&vectors_root(), &module.province, &module.version)?;
        let release =
            publish::publish(jetstream, letters, &bytes, &module.version, &self.signing_key, &vectors).await?;
        Ok(release.digest)
    }

    async fn jetstream(&self) -> anyhow::Result<jetstream::Context> {
        Ok(jetstream::new(async_nats::connect(self.nats.url()).await?))
    }

    /// What intake judges with: digests by the letters of the province.
    async fn active_rules(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let url = format!("{}/v1/rules", self.url("intake"));
        let answer = self.http.get(&url).bearer_auth(REVIEWER_TOKEN).send().await?;
        let body: serde_json::Value = answer.error_for_status()?.json().await?;
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let modules = body["modules"].as_array().into_iter().flatten();
        Ok(modules.map(|module| (text(&module["province"]), text(&module["digest"]))).collect())
    }

    async fn wait_active(&self, province: &str, digest: &str) -> anyhow::Result<()> {
        let log = self.services.get("intake").map(|service| service.program.last_lines()).unwrap_or_default();
        let what = format!("module {digest} of {province} to be active");
        let waited = wait_until(&what, ACTIVE_BOUND, || async {
            let active = self.active_rules().await.map_err(|error| format!("{error:#}"))?;
            match active.get(province) {
                Some(active) if active == digest => Ok(()),
                other => Err(format!("{other:?} is")),
            }
        });
        if let Err(error) = waited.await {
            let named = announced(&self.jetstream().await?, parse(province)?).await;
            return Err(error.context(format!("the bus names {named:?}; intake printed:\n{log}")));
        }
        Ok(())
    }
}

fn parse(province: &str) -> anyhow::Result<Province> {
    Province::parse(province).with_context(|| format!("no province {province}"))
}

fn vectors_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules-wasm/vectors")
}

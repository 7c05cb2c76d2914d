//! Everything that the sandbox knows, shared by its servers.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::authorities::Authorities;
use crate::bureau::Bureau;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::SandboxError;
use crate::issuer::Issuer;
use crate::mail::MailSink;
use crate::phones::PhoneNetwork;
use crate::timers::Timers;

pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) clock: Arc<Clock>,
    pub(crate) timers: Arc<Timers>,
    pub(crate) phones: Arc<PhoneNetwork>,
    pub(crate) mail: MailSink,
    pub(crate) authorities: Authorities,
    pub(crate) bureau: Bureau,
    pub(crate) issuer: Issuer,
}

impl World {
    pub(crate) async fn new(config: Config, http: SocketAddr) -> Result<Self, SandboxError> {
        let clock = Arc::new(Clock::start(config.nats_url.as_deref()).await?);
        let timers = Arc::new(Timers::default());
        let phones = Arc::new(PhoneNetwork::new(config.quiet));
        let bureau = Bureau::new(&config, clock.clone(), phones.clone(), timers.clone())?;
        let (url, audience) = (format!("http://{http}/issuer"), config.issuer_audience.clone());
        let issuer = Issuer::new(url, audience, config.issuer_token_seconds, config.issuer_users.clone())?;
        Ok(Self {
            mail: MailSink::new(config.quiet),
            authorities: Authorities::default(),
            config,
            clock,
            timers,
            phones,
            bureau,
            issuer,
        })
    }
}

//! Mail over SMTP, over kept connections.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use icp_bus::{Effects, Job, JobError, Worker};
use icp_kit::ServiceContext;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use sqlx::PgConnection;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::channel::Channel;
use crate::config::{ConfigError, SmtpSection, SmtpTls, read_secret};
use crate::delivery::{self, Delivery, Outcome, Settled};
use crate::wording::{MailText, Wording};

/// Sends mails.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    message_id_domain: String,
    connections: Semaphore,
}

impl Mailer {
    /// A mailer for the configured server; connects when the first mail goes.
    pub fn new(config: &SmtpSection) -> Result<Self, ConfigError> {
        const ADDRESS: &str = "notify.smtp.address";
        if config.address.is_empty() {
            return Err(ConfigError::Missing { key: ADDRESS, variable: "ICP_NOTIFY__NOTIFY__SMTP__ADDRESS" });
        }
        let (host, port) = config
            .address
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)))
            .ok_or_else(|| ConfigError::unusable(ADDRESS, "expected host:port"))?;
        let parameters =
            || TlsParameters::new(host.to_owned()).map_err(|error| ConfigError::unusable("notify.smtp.tls", error));
        let tls = match config.tls {
            SmtpTls::None => Tls::None,
            SmtpTls::Starttls => Tls::Required(parameters()?),
            SmtpTls::Tls => Tls::Wrapper(parameters()?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .tls(tls)
            .timeout(Some(Duration::from_millis(config.timeout_ms)))
            .pool_config(PoolConfig::new().max_size(config.connections));
        if !config.user.is_empty() {
            let password = read_secret("notify.smtp.password_file", &config.password_file)?;
            builder = builder.credentials(Credentials::new(config.user.clone(), password.expose().clone()));
        }
        let from = config.from.parse().map_err(|error| ConfigError::unusable("notify.smtp.from", error))?;
        Ok(Self {
            transport: builder.build(),
            from,
            message_id_domain: config.message_id_domain.clone(),
            connections: Semaphore::new(config.connections.max(1) as usize),
        })
    }

    /// Sends one mail. The id makes a repeated one recognisable.
    async fn send(&self, id: Uuid, to: Mailbox, text: MailText) -> Result<(), JobError> {
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(text.subject)
            .message_id(Some(format!("<{id}@{}>", self.message_id_domain)))
            .header(ContentType::TEXT_PLAIN)
            .body(text.body)
            .map_err(|_| JobError::GiveUp("the mail cannot be composed".to_owned()))?;
        let _permit = self.connections.acquire().await.map_err(|_| JobError::Retry("the service stops".to_owned()))?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            // The server's own words may repeat the address, so only the code is kept.
            Err(error) => match (error.status(), error.is_permanent()) {
                (Some(code), true) => Err(JobError::GiveUp(format!("the mail server refused it with code {code}"))),
                (Some(code), false) => Err(JobError::Retry(format!("the mail server answered with code {code}"))),
                (None, _) if error.is_timeout() => {
                    Err(JobError::Retry("the mail server did not answer in time".to_owned()))
                }
                (None, _) if error.is_tls() => Err(JobError::Retry("TLS with the mail server failed".to_owned())),
                (None, _) => Err(JobError::Retry("the connection to the mail server failed".to_owned())),
            },
        }
    }
}

/// Does the jobs `notify.mail`.
pub struct MailWorker {
    context: ServiceContext,
    wording: Arc<Wording>,
    mailer: Mailer,
}

impl MailWorker {
    /// A worker that sends with this mailer.
    pub fn new(context: ServiceContext, wording: Arc<Wording>, mailer: Mailer) -> Self {
        Self { context, wording, mailer }
    }
}

#[async_trait]
impl Worker for MailWorker {
    type Answer = Settled;

    fn kind(&self) -> &'static str {
        Channel::Mail.job_kind()
    }

    async fn run(&self, job: &Job) -> Result<Settled, JobError> {
        let delivery = Delivery::read(job)?;
        let contact = delivery.contact(&self.context.keyring)?;
        if contact.email.trim().is_empty() {
            return Ok(Settled::new(&delivery, Outcome::NoAddress));
        }
        let address: Address = contact
            .email
            .trim()
            .parse()
            .map_err(|_| JobError::GiveUp("the contact's mail address is malformed".to_owned()))?;
        let text = self
            .wording
            .mail(delivery.notice, &contact.name, &delivery.values(&self.context.keyring)?)
            .map_err(|_| JobError::GiveUp("the mail's template failed".to_owned()))?;
        self.mailer.send(delivery.id, Mailbox::new(None, address), text).await?;
        Ok(Settled::new(&delivery, Outcome::Sent { gateway_id: None }))
    }

    async fn complete(
        &self,
        connection: &mut PgConnection,
        answered: &[(Job, Settled)],
        effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        delivery::record(connection, Channel::Mail, answered, self.context.clock.now(), effects).await
    }

    async fn given_up(
        &self,
        connection: &mut PgConnection,
        job: &Job,
        reason: &str,
        effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        delivery::record_failure(connection, Channel::Mail, job, reason, self.context.clock.now(), effects).await
    }
}

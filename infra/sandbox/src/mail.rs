//! The mail sink: every mail that anybody was sent, by recipient.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use mail_parser::MessageParser;
use serde::Serialize;

use crate::lock::hold;

const KEPT_PER_MAILBOX: usize = 100;
const KEPT_PER_MAILBOX_QUIET: usize = 1;

/// A mail as it came over SMTP, transparency removed.
pub(crate) struct StoredMail {
    pub(crate) received_at: DateTime<Utc>,
    pub(crate) envelope_from: String,
    pub(crate) raw: Vec<u8>,
}

/// A mail as a reader sees it. Parsed when somebody looks, not when it arrives.
#[derive(Debug, Serialize)]
pub(crate) struct MailView {
    received_at: DateTime<Utc>,
    envelope_from: String,
    from: Option<String>,
    subject: Option<String>,
    message_id: Option<String>,
    text: Option<String>,
    html: Option<String>,
    attachments: usize,
    raw_bytes: usize,
}

pub(crate) struct MailSink {
    kept_per_mailbox: usize,
    mailboxes: Mutex<HashMap<String, VecDeque<Arc<StoredMail>>>>,
}

impl MailSink {
    pub(crate) fn new(quiet: bool) -> Self {
        let kept_per_mailbox = if quiet { KEPT_PER_MAILBOX_QUIET } else { KEPT_PER_MAILBOX };
        Self { kept_per_mailbox, mailboxes: Mutex::default() }
    }

    pub(crate) fn deliver(&self, recipients: &[String], mail: StoredMail) {
        let mail = Arc::new(mail);
        let mut mailboxes = hold(&self.mailboxes);
        for recipient in recipients {
            let mailbox = mailboxes.entry(recipient.to_lowercase()).or_default();
            mailbox.push_back(mail.clone());
            while mailbox.len() > self.kept_per_mailbox {
                mailbox.pop_front();
            }
        }
    }

    /// Oldest first. Addresses are compared without regard to case.
    pub(crate) fn mailbox(&self, address: &str) -> Vec<MailView> {
        let mails: Vec<Arc<StoredMail>> = {
            let mailboxes = hold(&self.mailboxes);
            let mailbox = mailboxes.get(&address.to_lowercase());
            mailbox.into_iter().flatten().cloned().collect()
        };
        mails.iter().map(|mail| view(mail)).collect()
    }
}

fn view(mail: &StoredMail) -> MailView {
    let parsed = MessageParser::default().parse(&mail.raw);
    let parsed = parsed.as_ref();
    let text_of = |value: Option<&str>| value.map(str::to_owned);
    MailView {
        received_at: mail.received_at,
        envelope_from: mail.envelope_from.clone(),
        from: parsed
            .and_then(|message| message.from())
            .and_then(|from| from.first())
            .and_then(|from| text_of(from.address())),
        subject: parsed.and_then(|message| text_of(message.subject())),
        message_id: parsed.and_then(|message| text_of(message.message_id())),
        text: parsed.and_then(|message| message.body_text(0)).map(|text| text.into_owned()),
        html: parsed
            .filter(|message| message.html_body.iter().any(|part| !message.text_body.contains(part)))
            .and_then(|message| message.body_html(0))
            .map(|html| html.into_owned()),
        attachments: parsed.map_or(0, |message| message.attachment_count()),
        raw_bytes: mail.raw.len(),
    }
}

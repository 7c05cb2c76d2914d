//! A small SMTP server (RFC 5321, with SIZE, 8BITMIME, PIPELINING and SMTPUTF8): it takes every
//! well-formed mail for every address and relays nothing.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::mail::StoredMail;
use crate::world::World;

const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// RFC 5321 asks for at least 512 for commands; extensions add to it.
const COMMAND_MAX_BYTES: u64 = 2048;
const RECIPIENTS_MAX: usize = 100;

pub(crate) async fn serve(world: Arc<World>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let world = world.clone();
                tokio::spawn(async move {
                    if let Err(error) = Session::new(world, stream).run().await {
                        tracing::debug!(%error, "an SMTP connection broke");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "an SMTP connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

struct Session {
    world: Arc<World>,
    stream: BufReader<TcpStream>,
    greeted: bool,
    from: Option<String>,
    recipients: Vec<String>,
}

enum Next {
    Go,
    Close,
}

impl Session {
    fn new(world: Arc<World>, stream: TcpStream) -> Self {
        Self { world, stream: BufReader::new(stream), greeted: false, from: None, recipients: Vec::new() }
    }

    async fn run(mut self) -> io::Result<()> {
        self.reply("220 sandbox ESMTP ready").await?;
        loop {
            let read = tokio::time::timeout(IDLE_TIMEOUT, self.read_command()).await;
            let Ok(line) = read else {
                return self.reply("421 idle for too long").await;
            };
            let Some(line) = line? else {
                return Ok(());
            };
            if let Next::Close = self.obey(&line).await? {
                return Ok(());
            }
        }
    }

    /// `None` at the end of the connection.
    async fn read_command(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(COMMAND_MAX_BYTES);
        limited.read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Ok(None);
        }
        if !line.ends_with(b"\n") {
            return Err(io::Error::other("a command line is too long or cut off"));
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()))
    }

    async fn reply(&mut self, line: &str) -> io::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        stream.flush().await
    }

    fn reset(&mut self) {
        self.from = None;
        self.recipients.clear();
    }

    async fn obey(&mut self, line: &str) -> io::Result<Next> {
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        let answer: String = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                self.greeted = true;
                self.reset();
                let size = self.world.config.mail_max_bytes;
                format!("250-sandbox\r\n250-SIZE {size}\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 SMTPUTF8")
            }
            "HELO" => {
                self.greeted = true;
                self.reset();
                "250 sandbox".to_owned()
            }
            "MAIL" => self.mail(argument).to_owned(),
            "RCPT" => self.recipient(argument).to_owned(),
            "DATA" => return self.data().await,
            "RSET" => {
                self.reset();
                "250 forgotten".to_owned()
            }
            "NOOP" => "250 nothing done".to_owned(),
            "VRFY" => "252 send it and see".to_owned(),
            "QUIT" => {
                self.reply("221 goodbye").await?;
                return Ok(Next::Close);
            }
            _ => "502 command not known".to_owned(),
        };
        self.reply(&answer).await?;
        Ok(Next::Go)
    }

    fn mail(&mut self, argument: &str) -> &'static str {
        if !self.greeted {
            return "503 say EHLO first";
        }
        if self.from.is_some() {
            return "503 a mail is already begun";
        }
        let Some((address, parameters)) = path_argument(argument, "FROM:") else {
            return "501 expected MAIL FROM:<address>";
        };
        let declared_bytes = parameters.split_whitespace().find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.eq_ignore_ascii_case("SIZE").then(|| value.parse().ok())?
        });
        if declared_bytes.is_some_and(|bytes: usize| bytes > self.world.config.mail_max_bytes) {
            return "552 the mail is too large";
        }
        self.from = Some(address);
        "250 sender taken"
    }

    fn recipient(&mut self, argument: &str) -> &'static str {
        if self.from.is_none() {
            return "503 MAIL comes first";
        }
        let Some((address, _)) = path_argument(argument, "TO:") else {
            return "501 expected RCPT TO:<address>";
        };
        if !address.contains('@') {
            return "553 not a mail address";
        }
        if self.recipients.len() >= RECIPIENTS_MAX {
            return "452 too many recipients";
        }
        self.recipients.push(address);
        "250 recipient taken"
    }

    async fn data(&mut self) -> io::Result<Next> {
        let Some(envelope_from) = self.from.clone() else {
            self.reply("503 MAIL and RCPT come first").await?;
            return Ok(Next::Go);
        };
        if self.recipients.is_empty() {
            self.reply("503 RCPT comes first").await?;
            return Ok(Next::Go);
        }
        self.reply("354 end with a line that holds one dot").await?;
        let read = tokio::time::timeout(IDLE_TIMEOUT, self.read_content()).await;
        let Ok(content) = read else {
            self.reply("421 idle for too long").await?;
            return Ok(Next::Close);
        };
        let answer = match content? {
            Some(raw) => {
                let received_at = self.world.clock.now();
                let mail = StoredMail { received_at, envelope_from, raw };
                self.world.mail.deliver(&self.recipients, mail);
                "250 mail taken"
            }
            None => "552 the mail is too large",
        };
        self.reset();
        self.reply(answer).await?;
        Ok(Next::Go)
    }

    /// Reads up to the line with one dot; `None` when the mail was larger than allowed.
    async fn read_content(&mut self) -> io::Result<Option<Vec<u8>>> {
        let max_bytes = self.world.config.mail_max_bytes;
        let mut content = Vec::new();
        let mut too_large = false;
        let mut line = Vec::new();
        let mut at_line_start = true;
        loop {
            line.clear();
            // A line longer than the allowance is read in pieces, so that memory stays bounded.
            let mut limited = (&mut self.stream).take(64 * 1024);
            if limited.read_until(b'\n', &mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if at_line_start && (line == b".\r\n" || line == b".\n") {
                return Ok((!too_large).then_some(content));
            }
            let stuffed = at_line_start && line.starts_with(b".");
            at_line_start = line.ends_with(b"\n");
            let clear = if stuffed { line.get(1..).unwrap_or_default() } else { line.as_slice() };
            too_large |= content.len() + clear.len() > max_bytes;
            if !too_large {
                content.extend_from_slice(clear);
            }
        }
    }
}

/// Splits `FROM:<a@b> SIZE=1` into the address and the parameters.
fn path_argument(argument: &str, keyword: &str) -> Option<(String, String)> {
    let head = argument.get(..keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let rest = argument.get(keyword.len()..)?.trim_start();
    let (address, parameters) = rest.strip_prefix('<')?.split_once('>')?;
    Some((address.trim().to_owned(), parameters.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_split_from_its_parameters() {
        let found = path_argument("from: <a@example.cn> SIZE=12 BODY=8BITMIME", "FROM:");
        let expected = ("a@example.cn".to_owned(), "SIZE=12 BODY=8BITMIME".to_owned());
        assert_eq!(found, Some(expected));
        assert_eq!(path_argument("a@example.cn", "FROM:"), None);
        assert_eq!(path_argument("FROM:a@example.cn", "FROM:"), None);
    }
}

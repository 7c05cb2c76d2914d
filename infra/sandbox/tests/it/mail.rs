//! The mail sink over its real protocol.

use icp_sandbox::Config;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::provider::{World, fast};

struct Client(BufReader<TcpStream>);

impl Client {
    async fn connect(world: &World) -> Self {
        let stream = TcpStream::connect(world.sandbox.smtp).await.unwrap();
        let mut client = Self(BufReader::new(stream));
        assert!(client.answer().await.starts_with("220 "));
        client
    }

    async fn answer(&mut self) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.unwrap();
            all.push_str(&line);
            if line.len() < 4 || line.as_bytes()[3] == b' ' {
                return all;
            }
        }
    }

    async fn say(&mut self, text: &str) -> String {
        let line = format!("{text}\r\n");
        self.0.get_mut().write_all(line.as_bytes()).await.unwrap();
        self.answer().await
    }

    async fn expect(&mut self, text: &str, code: &str) {
        let answer = self.say(text).await;
        assert!(answer.starts_with(code), "{text}: {answer}");
    }
}

#[tokio::test]
async fn a_mail_is_taken_and_shown() {
    let world = World::start(fast()).await;
    let mut client = Client::connect(&world).await;
    client.expect("MAIL FROM:<a@example.cn>", "503").await;
    let greeting = client.say("EHLO test").await;
    assert!(greeting.contains("250-SIZE ") && greeting.contains("8BITMIME"));
    client.expect("DATA", "503").await;
    client.expect("MAIL FROM:<provider@example.cn> BODY=8BITMIME", "250").await;
    client.expect("DATA", "503").await;
    client.expect("RCPT TO:<Reader@example.cn>", "250").await;
    client.expect("RCPT TO:nobody", "501").await;
    client.expect("DATA", "354").await;
    let mail = "Subject: =?utf-8?B?5aSH5qGI6YCa6L+H?=\r\nFrom: <provider@example.cn>\r\n\
                Message-ID: <1@example.cn>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
                首行\r\n..dots\r\n.";
    client.expect(mail, "250").await;
    client.expect("NOOP", "250").await;
    client.expect("RSET", "250").await;
    client.expect("XYZ", "502").await;
    client.expect("QUIT", "221").await;

    let mailbox = world.get("/mail/reader@example.cn").await;
    let mails = mailbox["mails"].as_array().unwrap();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["subject"], "备案通过");
    assert_eq!(mails[0]["from"], "provider@example.cn");
    assert_eq!(mails[0]["message_id"], "1@example.cn");
    let text = mails[0]["text"].as_str().unwrap();
    assert_eq!(text.trim_end().lines().collect::<Vec<_>>(), ["首行", ".dots"]);
}

#[tokio::test]
async fn a_large_mail_is_refused_and_the_connection_goes_on() {
    let world = World::start(Config { mail_max_bytes: 1000, ..fast() }).await;
    let mut client = Client::connect(&world).await;
    client.expect("EHLO test", "250").await;
    client.expect("MAIL FROM:<> SIZE=1001", "552").await;
    client.expect("MAIL FROM:<>", "250").await;
    client.expect("RCPT TO:<a@example.cn>", "250").await;
    client.expect("DATA", "354").await;
    let body = "x".repeat(200_000);
    client.expect(&format!("{body}\r\n."), "552").await;
    client.expect("MAIL FROM:<>", "250").await;
    let mailbox = world.get("/mail/a@example.cn").await;
    assert_eq!(mailbox["mails"].as_array().unwrap().len(), 0);
}

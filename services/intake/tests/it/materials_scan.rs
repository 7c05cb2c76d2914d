//! The virus scanner, as a clamd that is not one: it speaks the protocol and knows one virus.

use std::time::Duration;

use icp_testkit::{free_port, wait_until};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::app::{APPLICANT, App, REVIEWER};
use crate::audit::{all_linked, trail};
use crate::materials::{picture, put};

const KIND: &str = "organiser-certificate";
/// The EICAR test file, in two halves so that no scanner takes this source for it.
const EICAR: [&str; 2] = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"];
const SIGNATURE: &str = "Eicar-Test-Signature";

/// A picture that carries the test virus in a comment.
fn infected() -> Vec<u8> {
    let text = EICAR.concat();
    let length = u16::try_from(text.len() + 2).unwrap().to_be_bytes();
    let plain = picture(1);
    [&plain[..2], b"\xFF\xFE", &length, text.as_bytes(), &plain[2..]].concat()
}

/// Answers scans on this port until the test ends.
async fn clamd(port: u16) {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move { scan(stream).await.unwrap_or_default() });
        }
    });
}

async fn scan(mut stream: TcpStream) -> std::io::Result<()> {
    let mut command = [0; 10];
    stream.read_exact(&mut command).await?;
    if command != *b"zINSTREAM\0" {
        return stream.write_all(b"UNKNOWN COMMAND\0").await;
    }
    let mut file = Vec::new();
    loop {
        let size = stream.read_u32().await?;
        if size == 0 {
            break;
        }
        let start = file.len();
        file.resize(start + usize::try_from(size).unwrap(), 0);
        stream.read_exact(&mut file[start..]).await?;
    }
    let virus = EICAR.concat();
    let is_infected = file.windows(virus.len()).any(|part| part == virus.as_bytes());
    let answer = if is_infected { format!("stream: {SIGNATURE} FOUND\0") } else { "stream: OK\0".to_owned() };
    stream.write_all(answer.as_bytes()).await
}

fn settings(port: u16, more: &str) -> String {
    format!(
        "[intake.materials]\nsweep_every_ms = 50\n[intake.materials.scanner]\naddress = \"127.0.0.1:{port}\"\n\
         chunk_bytes = 1000\n{more}"
    )
}

async fn first(app: &App, path: &str) -> Value {
    app.get(APPLICANT, &format!("{path}/materials")).await.body["materials"][0].clone()
}

async fn infections(app: &App) -> Vec<Value> {
    all_linked(&app.pool).await;
    trail(app, 0).await.into_iter().filter(|entry| entry["action"] == "material.infected").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_infected_file_is_refused_by_name_and_nothing_of_it_is_kept() {
    let port = free_port().unwrap();
    clamd(port).await;
    let app = App::start_with(&settings(port, "")).await;
    let (path, _) = app.draft(1).await;
    let refused = put(&app, &path, KIND, "image/jpeg", infected()).await;
    assert_eq!((refused.status, refused.body["code"].as_str()), (422, Some("ICP-INTAKE-0002")), "{}", refused.body);
    let error = &refused.body["errors"][0];
    assert_eq!(error["field"], "materials.organiser-certificate");
    assert!(error["reason"].as_str().unwrap().contains(SIGNATURE), "{error}");
    assert_eq!((first(&app, &path).await, app.stored_files("").len()), (Value::Null, 0));
    let entries = infections(&app).await;
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0]["actor"], &entries[0]["role"]), (&json!("applicant"), &json!("applicant")));
    assert!(entries[0]["detail"].to_string().contains(SIGNATURE), "{}", entries[0]);

    assert_eq!(put(&app, &path, KIND, "image/jpeg", picture(1)).await.status, 200);
    assert_eq!(first(&app, &path).await["scan"], "clean");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_scanner_nothing_comes_in_where_the_setting_says_so() {
    let port = free_port().unwrap();
    let app = App::start_with(&settings(port, "")).await;
    let (path, _) = app.draft(1).await;
    let refused = put(&app, &path, KIND, "image/jpeg", picture(1)).await;
    assert_eq!((refused.status, refused.body["code"].as_str()), (503, Some("ICP-INTAKE-0014")), "{}", refused.body);
    assert_eq!((first(&app, &path).await, app.stored_files("").len()), (Value::Null, 0));
    clamd(port).await;
    assert_eq!(put(&app, &path, KIND, "image/jpeg", picture(1)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn or_it_waits_and_the_order_waits_with_it() {
    let port = free_port().unwrap();
    let app = App::start_with(&settings(port, "when_unreachable = \"later\"\n")).await;
    let (path, _) = app.draft(1).await;
    let (other, _) = app.draft(2).await;
    assert_eq!(put(&app, &path, KIND, "image/jpeg", picture(1)).await.status, 200);
    assert_eq!(put(&app, &other, KIND, "image/jpeg", infected()).await.status, 200);
    assert_eq!(first(&app, &path).await["scan"], "pending");
    let submit = async |path: &str| {
        let etag = app.order(path).await.etag;
        app.send(APPLICANT, Method::POST, &format!("{path}/submit"), Some(&etag), None).await
    };
    let refused = submit(&path).await;
    assert_eq!((refused.status, &refused.body["errors"][0]["field"]), (422, &json!("materials.organiser-certificate")));
    let checked = app.post(APPLICANT, &format!("{path}/check")).await;
    assert_eq!(checked.body["may_be_submitted"], false, "{}", checked.body);
    let look = app.get(REVIEWER, &format!("{path}/materials/{KIND}")).await;
    assert_eq!((look.status, look.body["code"].as_str()), (409, Some("ICP-INTAKE-0048")), "{}", look.body);

    clamd(port).await;
    let stands = async |path: &str, scan: &str| {
        wait_until(&format!("the material to be {scan}"), Duration::from_secs(30), || async {
            let material = first(&app, path).await;
            if material["scan"] == scan { Ok(material) } else { Err(material.to_string()) }
        })
        .await
        .unwrap()
    };
    stands(&path, "clean").await;
    assert_eq!(submit(&path).await.body["phase"], "checking");

    assert_eq!(stands(&other, "infected").await["signature"], SIGNATURE);
    assert!(submit(&other).await.body["errors"][0]["reason"].as_str().unwrap().contains(SIGNATURE));
    assert_eq!(app.get(REVIEWER, &format!("{other}/materials/{KIND}")).await.status, 409);
    wait_until("the infected bytes to go", Duration::from_secs(30), || async {
        let files = app.stored_files("orders").len();
        if files == 1 { Ok(()) } else { Err(format!("{files} files")) }
    })
    .await
    .unwrap();
    let entries = infections(&app).await;
    assert_eq!((entries.len(), &entries[0]["role"]), (1, &json!("service")), "told once: {entries:?}");
    assert_eq!(put(&app, &other, KIND, "image/jpeg", picture(2)).await.status, 200);
    assert_eq!(submit(&other).await.body["phase"], "checking");
}

//! Every call-level code of the bureau, one deviation at a time.

use std::io::{Cursor, Write};

use icp_sandbox::bureau::codec;
use icp_sandbox::bureau::interface::Interface;
use icp_sandbox::{AccountSpec, Config};
use serde_json::json;

use crate::provider::{Document, RANDOM, World, fast};

#[tokio::test]
async fn one_deviation_gives_its_code() {
    let world = World::start(fast()).await;
    let xml = Document::new(1).xml();
    let upload = || world.upload(1, &xml);
    let short = "too short";
    let short_hash = codec::password_hash(Interface::V3, &world.account.password, short);
    let cases = [
        ("4", upload().with("userName", "nobody")),
        ("5", upload().with("pwdHash", codec::password_hash(Interface::V3, "wrong", RANDOM))),
        ("12", upload().with("ispID", "440000000099")),
        ("16", upload().with("randVal", short).with("pwdHash", short_hash)),
        ("10", upload().with("hashAlgorithm", "1")),
        ("9", upload().with("encryptAlgorithm", "2")),
        ("11", upload().with("compressionFormat", "1")),
        ("14", upload().with("dataSequence", "3")),
        ("6", upload().with("beianInfo", "not base64!")),
        ("6", upload().with("beianInfo", "AAAA")),
        ("7", upload().with("beianInfoHash", codec::md5_base64(b"other"))),
        ("8", world.upload_archive(1, b"not an archive")),
        ("17", world.upload_archive(1, &two_files())),
        ("18", world.upload_bytes(1, &vec![b' '; 50 * 1024 * 1024 + 1])),
    ];
    for (position, (expected, call)) in cases.iter().enumerate() {
        let result = world.send(call).await.unwrap();
        let code = result.text_at("msg_code");
        assert_eq!(code, Some(*expected), "case {position}: {}", result.to_xml());
        assert!(result.text_at("msg").is_some());
    }
    let uploads = world.get("/bureau/uploads").await;
    assert_eq!(uploads[0]["last_sequence"], 0, "nothing was accepted");
    assert_eq!(world.code(&upload()).await, "0");
}

fn two_files() -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for name in ["a.xml", "b.xml"] {
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(name, options).unwrap();
        archive.write_all(b"<a/>").unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[tokio::test]
async fn an_unencrypted_file_is_taken() {
    let world = World::start(fast()).await;
    let xml = codec::to_gbk(&Document::new(1).xml());
    let archive = codec::zip_one("a.xml", &xml).unwrap();
    let upload = world
        .upload_archive(1, &archive)
        .with("encryptAlgorithm", "0")
        .with("beianInfo", codec::base64_in_lines(&archive));
    assert_eq!(world.code(&upload).await, "0");
    world.wait_for("example1.cn", "approved").await;
}

#[tokio::test]
async fn gaps_and_repeats() {
    let world = World::start(fast()).await;
    let first = world.upload(1, &Document::new(1).xml());
    assert_eq!(world.code(&first).await, "0");
    assert_eq!(world.code(&first).await, "0", "the same file again is a success");

    let other = world.upload(1, &Document::new(2).xml());
    let gap = world.send(&other).await.unwrap();
    assert_eq!(gap.text_at("msg_code"), Some("14"));
    assert_eq!(gap.text_at("dataSequences/dataSequence"), Some("2"));

    let gap = world.send(&world.upload(5, &Document::new(5).xml())).await.unwrap();
    let missing: Vec<&str> = gap.child("dataSequences").unwrap().all("dataSequence").map(|it| it.text()).collect();
    assert_eq!(missing, ["2", "3", "4"]);

    let seen = world.wait_for("example1.cn", "approved").await;
    assert_eq!(seen["records_received"], 1);
    let uploads = world.get("/bureau/uploads").await;
    assert_eq!(uploads[0]["uploads"].as_array().unwrap().len(), 1);
    assert_eq!(uploads[0]["uploads"][0]["repeats"], 1);
}

#[tokio::test]
async fn settings_give_their_codes() {
    let world = World::start(Config { bureau_check_ms: 60_000, ..fast() }).await;
    let upload = world.upload(1, &Document::new(1).xml());
    let cases = [
        ("901", json!({"upload_maintenance": true}), json!({"upload_maintenance": false})),
        ("19", json!({"closed_accounts": [440_000_000_001_u64]}), json!({"closed_accounts": []})),
        ("15", json!({"queued_files_max": 0}), json!({"queued_files_max": 1})),
    ];
    for (expected, on, off) in cases {
        world.set("/bureau/settings", on).await;
        assert_eq!(world.code(&upload).await, expected);
        world.set("/bureau/settings", off).await;
    }

    let clock = world.get("/clock").await;
    let now: chrono::DateTime<chrono::Utc> = clock["now"].as_str().unwrap().parse().unwrap();
    let time = icp_sandbox::clock::in_beijing(now).time();
    let at = |hours| {
        let (time, _) = time.overflowing_add_signed(chrono::TimeDelta::hours(hours));
        time.format("%H:%M:%S").to_string()
    };
    let window = json!({"upload_window": {"from": at(2), "to": at(4)}});
    world.set("/bureau/settings", window).await;
    let refused = world.send(&upload).await.unwrap();
    assert_eq!(refused.text_at("msg_code"), Some("20"));
    let message = refused.text_at("msg").unwrap();
    assert!(message.contains('：') && message.contains(&at(2)[..5]), "{message}");
    world.set("/clock/advance", json!({"ms": 3 * 3_600_000})).await;
    assert_eq!(world.code(&upload).await, "0");
    world.set("/bureau/settings", json!({"clear_upload_window": true})).await;

    let second = world.upload(2, &Document::new(2).xml());
    assert_eq!(world.code(&second).await, "15", "the first file still waits for its checks");

    world.set("/bureau/settings", json!({"download_maintenance": true})).await;
    assert_eq!(world.code(&world.call("isp_download")).await, "902");
}

#[tokio::test]
async fn an_account_of_another_province_is_refused() {
    let account: AccountSpec = "gd:330000000007:u:p:ABCDEFGHIJKLMNOP:0102030405060708".parse().unwrap();
    let config = Config { accounts: vec![account], ..fast() };
    let world = World::start(config).await;
    assert_eq!(world.code(&world.call("isp_download")).await, "13");
}

#[tokio::test]
async fn what_is_not_soap_is_a_fault() {
    let world = World::start(fast()).await;
    let post = async |body: &'static str| {
        let url = world.url("/ISPWebService/upDownLoad");
        let answer = world.http.post(url).body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    for body in [
        "no xml",
        "<a/>",
        "<Envelope><Body/></Envelope>",
        "<Envelope><Body><isp_unknown><ispId>440000000001</ispId></isp_unknown></Body></Envelope>",
        "<Envelope><Body><isp_download><ispId>x</ispId></isp_download></Body></Envelope>",
    ] {
        let (status, text) = post(body).await;
        assert_eq!(status, 500, "{body}");
        assert!(text.contains("faultstring"), "{text}");
    }
}

#[test]
fn accounts_are_read_strictly() {
    for bad in [
        "gd:1:u:p:ABCDEFGHIJKLMNOP",
        "xx:1:u:p:ABCDEFGHIJKLMNOP:0102030405060708",
        "gd:one:u:p:ABCDEFGHIJKLMNOP:0102030405060708",
        "gd:1:u:p:short:0102030405060708",
    ] {
        assert!(bad.parse::<AccountSpec>().is_err(), "{bad}");
    }
}

//! The seeds that the platform's own code writes. `ICP_SEEDS_WRITE=1 cargo test -p icp-fuzz-targets` puts them into the
//! repository, after a change of a form that is read.

use std::io::Cursor;
use std::path::Path;

use encoding_rs::GB18030;
use icp_domain::{MaterialKind, OrderType, Province};
use icp_fuzz_targets::{Outcome, seeds, target};
use icp_intake::content::messages;
use icp_intake::imports::columns::{self, COLUMNS};
use icp_proto::common::{Material, Sealed};
use icp_proto::{authority, bureau, identity, order, relay, schedule, sms};
use icp_relay::wire::charset::gbk_xml;
use icp_relay::wire::envelope::{ContentKey, beian_info, md5_base64, zip_one};
use icp_rules_sdk::batch::{encode_cases, judge_encoded};
use icp_rules_sdk::national::NATIONAL;
use icp_rules_sdk::vector::Vector;
use icp_testkit::files::{mp4, pdf};
use icp_testkit::filings::{company_filing, filing_of_type, person_filing};
use icp_testkit::specimen;
use image::ImageFormat;
use prost::Message;
use serde_json::json;

struct Seed {
    target: &'static str,
    name: String,
    bytes: Vec<u8>,
}

fn seed(target: &'static str, name: &str, bytes: impl Into<Vec<u8>>) -> Seed {
    Seed { target, name: format!("read-{name}"), bytes: bytes.into() }
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn orders() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for entry in std::fs::read_dir(root().join("infra/demo/orders")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        seeds.push(seed("filing", &name, std::fs::read(folder.join("order.json")).unwrap()));
    }
    for order_type in OrderType::ALL {
        let filing = filing_of_type(order_type, Province::Guangdong, 7);
        seeds.push(seed("filing", order_type.as_str(), serde_json::to_vec(&filing).unwrap()));
    }
    let alone = serde_json::to_vec(&person_filing(Province::Zhejiang, 3)).unwrap();
    seeds.push(seed("order-file", "filing-alone", alone));
    let vectors = vectors();
    for (number, vector) in vectors.iter().step_by(vectors.len() / 3).enumerate() {
        let name = format!("context-{number}");
        let file = json!({ "filing": company_filing(Province::Guangdong, 5), "context": vector.context });
        seeds.push(seed("order-file", &name, file.to_string()));
    }
    seeds
}

fn vectors() -> Vec<Vector> {
    Vector::read_edition(&root().join("rules-wasm/vectors"), "gd", "1.0.0").unwrap()
}

fn texts() -> Vec<Seed> {
    let filing = company_filing(Province::Guangdong, 5);
    let principal = &filing.organiser.principal;
    let of = |name: &str, text: &str| seed("identifiers", name, text);
    let domain = |name: &str, text: &str| seed("domain-name", name, text);
    let queue = "1790000000000000.018f2a3b-4c5d-7e6f-8a9b-0c1d2e3f4a5b";
    let tokens = "[[token]]\nname = \"desk\"\ntoken = \"a-long-secret\"\nrole = \"reviewer\"\naccount = \"provider\"\n";
    vec![
        of("citizen-id", "110101198001010010"),
        of("uscc", &filing.organiser.certificate.number),
        of("mobile", &principal.mobile),
        of("landline", "010-62345678-123"),
        of("organiser-number", "粤ICP备2021000001号"),
        of("service-number", "京ICP备12345678号-12A"),
        of("province", "gd"),
        of("order-type", OrderType::FirstFiling.as_str()),
        of("address-range", "192.0.2.1-192.0.2.4"),
        domain("ascii", "www.example.com.cn."),
        domain("unicode", "示例。中国"),
        domain("private-suffix", "a.someone.github.io"),
        seed("cursors", "queue", queue),
        // ["示例","粤ICP备2021000001号-1"]
        seed("cursors", "archive", "WyLnpLrkvosiLCLnsqRJQ1DlpIcyMDIxMDAwMDAx5Y-3LTEiXQ"),
        seed("tokens", "one", tokens),
        seed("tokens", "none", ""),
    ]
}

fn bureau() -> Vec<Seed> {
    let golden = |name: &str| {
        let file = root().join("services/bureau-relay/src/wire/golden").join(name);
        gbk_xml(&std::fs::read_to_string(file).unwrap())
    };
    let document = golden("result.xml");
    let container = zip_one("20261122030405_zj_1.xml", &document).unwrap();
    let key = ContentKey::from_text("0123456789abcdef", "fedcba9876543210").unwrap();
    let (hash, sealed) = (md5_base64(&container), beian_info(&container, Some(&key)));
    let envelope = |inside: &str| {
        format!(
            "<S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\"><S:Body><n:answer xmlns:n=\"x\">\
             <return><![CDATA[<?xml version=\"1.0\" encoding=\"UTF-8\"?><return>{inside}</return>]]></return>\
             </n:answer></S:Body></S:Envelope>"
        )
    };
    let file = format!(
        "<fileInfos><fileName>20261122030405_zj_1.xml</fileName><beianInfo>{sealed}</beianInfo>\
         <beianInfoHash>{hash}</beianInfoHash><encryptAlgorithm>1</encryptAlgorithm><hashAlgorithm>0</hashAlgorithm>\
         <compressionFormat>0</compressionFormat><dataSequence>7</dataSequence></fileInfos>"
    );
    let answer = |name: &str, inside: &str| seed("bureau-answer", name, envelope(inside));
    vec![
        answer("done", "<msg_code>0</msg_code><msg>成功</msg>"),
        answer("file", &format!("<msg_code>0</msg_code><msg>成功</msg>{file}")),
        answer(
            "missing-uploads",
            "<msg_code>14</msg_code><msg>缺</msg><dataSequences><dataSequence>5</dataSequence></dataSequences>",
        ),
        answer(
            "status",
            "<msg_code>0</msg_code><StatusInfo><Bazt>0</Bazt><Ztbah>浙ICP备00000001号</Ztbah></StatusInfo>",
        ),
        seed("bureau-document", "result", document),
        seed("bureau-document", "filed", golden("filed.xml")),
        seed("bureau-file", "sealed", format!("1\n{hash}\n{sealed}")),
        seed("bureau-file", "open", format!("0\n{hash}\n{}", beian_info(&container, None))),
        seed("bureau-container", "result", container),
    ]
}

fn rules() -> Vec<Seed> {
    let vectors = vectors();
    let mut seeds = Vec::new();
    for (number, pair) in vectors.chunks(2).step_by(vectors.len() / 12).enumerate() {
        let cases = encode_cases(pair.iter().map(|vector| (&vector.order, &vector.context))).unwrap();
        let answers = judge_encoded(&NATIONAL, &cases).unwrap();
        seeds.push(seed("rules-batch", &number.to_string(), cases));
        seeds.push(seed("rules-answers", &number.to_string(), answers));
    }
    seeds
}

fn imports() -> Vec<Seed> {
    let filings = [company_filing(Province::Guangdong, 5), person_filing(Province::Zhejiang, 3)];
    let lines: String = filings.iter().map(|filing| format!("{}\n", json!(filing))).collect();
    let named = json!({ "reference": "order-1", "filing": filings[0] }).to_string();
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(COLUMNS.iter().map(|column| column.path)).unwrap();
    for filing in &filings {
        table.write_record(columns::cells(filing, filing.services.first())).unwrap();
    }
    let table = String::from_utf8(table.into_inner().unwrap()).unwrap();
    let chinese: Vec<&str> = COLUMNS.iter().map(|column| column.name_zh).collect();
    let rows = table.split_once('\n').unwrap().1;
    let in_gb18030 = GB18030.encode(&format!("{}\n{rows}", chinese.join(","))).0.into_owned();
    vec![
        seed("import-lines", "filings", lines),
        seed("import-lines", "reference", named),
        seed("import-table", "paths", table),
        seed("import-table", "chinese", in_gb18030),
    ]
}

fn materials() -> Vec<Seed> {
    let picture = |format| {
        let picture = image::RgbImage::from_fn(12, 8, |x, y| image::Rgb([x, y, 9].map(|value| value as u8 * 20)));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    let jpeg = picture(ImageFormat::Jpeg);
    // Behind the start of the picture: a comment, as cameras write metadata.
    let with_comment = [&jpeg[..2], b"\xFF\xFE\x00\x08camera", &jpeg[2..]].concat();
    let shown = specimen::fields(MaterialKind::OrganiserCertificate, &company_filing(Province::Guangdong, 5));
    let specimen = specimen::with_fields(&jpeg, &shown);
    vec![
        seed("picture", "jpeg", jpeg),
        seed("picture", "jpeg-with-comment", with_comment),
        seed("picture", "png", picture(ImageFormat::Png)),
        seed("picture-again", "specimen", specimen),
        seed("picture-again", "png", picture(ImageFormat::Png)),
        seed("paper", "one-page", pdf(1, "")),
        seed("video", "five-seconds", mp4(5, b"vide")),
    ]
}

fn requests() -> Vec<Seed> {
    let of = |name: &str, text: &str| seed("credentials", name, text);
    let headers = |name: &str, text: &str| seed("request-headers", name, text);
    let body = |name: &str, content: serde_json::Value| seed("request-bodies", name, format!("{name}\n{content}"));
    let key = "icp_018f2a3b4c5d7e6f8a9b0c1d2e3f4a5b_000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let id = "018f2a3b-4c5d-7e6f-8a9b-0c1d2e3f4a5b";
    let certificate = json!({ "kind": 1, "number": "91440305MAXD00017M" });
    let reason = json!({ "code": "N01", "field": "services[0].name", "reason": "名称过短", "remedy": "请使用全称" });
    vec![
        of(
            "discovery",
            "discovery\n{\"issuer\": \"https://id.example.com\", \"jwks_uri\": \"https://id.example.com/keys\"}",
        ),
        of("claims", "claims\n{\"sub\": \"anna\", \"icp_role\": [\"reviewer\"], \"icp_account\": \"provider\"}"),
        of("api-key", &format!("api-key\n{key}")),
        headers(
            "upload",
            "Upload-Length: 40\nUpload-Metadata: filetype aW1hZ2UvanBlZw==\n\
             Upload-Checksum: sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=\n",
        ),
        headers("change", "If-Match: W/\"7\"\nIdempotency-Key: order-1\nIcp-Account: a\nLast-Event-ID: 3\n"),
        headers("proxies", "X-Forwarded-For: 2001:db8::7, 192.0.2.7\nX-Forwarded-For: 10.0.0.1\nIf-Match: \"7\"\n"),
        body("decision", json!({ "decision": "return", "only_named": true, "findings": [reason] })),
        body("question", json!({ "province": "gd", "nature": 4, "certificate": certificate, "domain": "示例.cn" })),
        body("prefill", json!({ "order_type": "change_service", "organiser_number": "粤ICP备2021000001号" })),
        body("entitlement-order", json!({ "account": "a", "product": "cloud-server", "resource": "i-1" })),
        body("entitlement-grant", json!({ "ids": [id], "to_account": "b" })),
        body("entitlement-revocation", json!({ "reason": "the server was given back" })),
        body("entitlement-code", json!({ "code": "7KQ2M-9XW4T-B3HND-V6RPC" })),
        body("key", json!({ "name": "nightly import", "role": "applicant", "expires_at": "2027-01-01T00:00:00Z" })),
        body("account", json!({ "name": "customer-1" })),
        body("link", json!({ "until": "2027-01-01T00:00:00Z" })),
    ]
}

fn systems() -> Vec<Seed> {
    let answer = |name: &str, who: &str, body: &str| seed("system-answer", name, format!("{who}\n{body}"));
    let enterprise = json!({
        "found": true, "name": "深圳市示例山海科技有限公司", "legal_representative": "示例甲", "status": "active",
        "registered_address": "广东省深圳市南山区示例大道1号示例大厦801室", "reference": "ENT-1"
    });
    let domain = json!({
        "found": true, "registrar_approved": true, "holder": "深圳市示例山海科技有限公司",
        "holder_certificate_number": "91440305MAXD00017M", "real_name_verified": true, "expires_on": "2029-01-01",
        "reference": "DOM-1"
    });
    let addresses = json!({ "answers": [
        { "address": "192.0.2.1", "is_ours": true, "until": "2027-01-01T00:00:00Z" },
        { "address": "192.0.2.2", "is_ours": false }
    ] });
    vec![
        answer("enterprise", "enterprise", &enterprise.to_string()),
        answer("citizen", "citizen", "{\"match\": false, \"found\": true, \"reference\": \"CIT-1\"}"),
        answer("domain", "domain", &domain.to_string()),
        answer("domain-unknown", "domain", "{\"found\": false, \"reference\": \"DOM-2\"}"),
        answer("sms-taken", "sms-gateway 202", "{\"message_id\": \"m-1\", \"status\": \"queued\"}"),
        answer("sms-taken-before", "sms-gateway 409", ""),
        answer("resources", "resources", &addresses.to_string()),
        answer("clean", "scanner", "stream: OK"),
        answer("infected", "scanner", "stream: Eicar-Test-Signature FOUND"),
    ]
}

fn messages_of_the_bus() -> Vec<Seed> {
    const ORDER: &str = "018f2a3b-4c5d-7e6f-8a9b-0c1d2e3f4a5b";
    let (order_id, province, attempt) = (ORDER.to_owned(), "gd".to_owned(), 1);
    let filing = company_filing(Province::Guangdong, 5);
    let sealed = Sealed {
        recipient: "intake".to_owned(),
        key_id: "0011223344556677".to_owned(),
        encapsulated_key: vec![9; 32],
        ciphertext: vec![7; 40],
    };
    let part = || Some(sealed.clone());
    let task = identity::Verify { order_id, attempt, province, subject: part() };
    let (order_id, province) = (task.order_id.clone(), task.province.clone());
    let fired = |key: &str, name: &str| schedule::Fired {
        key: key.to_owned(),
        name: name.to_owned(),
        fired_at_unix_ms: 7,
        ..schedule::Fired::default()
    };
    let timer = schedule::Timer { name: "expire".to_owned(), fire_at_unix_ms: 1_790_000_000_000 };
    let timers = schedule::SetTimers {
        owner: "sms".to_owned(),
        key: format!("{ORDER}/1"),
        order_id: order_id.clone(),
        timers: vec![timer],
    };
    let event = order::OrderEvent {
        order_id: order_id.clone(),
        version: 3,
        province: province.clone(),
        contact: part(),
        ..order::OrderEvent::default()
    };
    let opening = sms::Open {
        order_id: order_id.clone(),
        attempt,
        province: province.clone(),
        persons: part(),
        opened_at_unix_ms: 1_790_000_000_000,
    };
    let submission = relay::Submit { order_id: order_id.clone(), attempt, province: province.clone(), filing: part() };
    let query = relay::Query { query_id: order_id.clone(), province: province.clone(), condition: part() };
    let enterprise = authority::EnterpriseFacts { found: true, status: "active".to_owned(), record: part() };
    let answered = authority::Answered {
        order_id: order_id.clone(),
        attempt,
        enterprise: Some(enterprise),
        ..authority::Answered::default()
    };
    let approved = bureau::Approved {
        order_id: order_id.clone(),
        attempt,
        province: province.clone(),
        organiser_number: "粤ICP备2021000001号".to_owned(),
        service_numbers: vec!["粤ICP备2021000001号-1".to_owned()],
        ..bureau::Approved::default()
    };
    let result = bureau::ResultCode { code: 1002, field: "services[0].name".to_owned() };
    let rejected =
        bureau::Rejected { order_id: order_id.clone(), attempt, province, results: vec![result], ..Default::default() };
    let headers = format!("ce-id: {ORDER}\nce-type: icp.evt.order.v1.approved\nce-subject: {ORDER}\n");
    let material = |kind: MaterialKind| Material { kind: kind.as_str().to_owned(), ..Material::default() };
    let identity_subject = messages::identity_subject(&filing, MaterialKind::ALL.map(material).to_vec());
    vec![
        seed("bus-message", "headers", format!("headers\n{headers}")),
        on_the_bus("sealed", "sealed", &sealed),
        on_the_bus("verify", "icp.task.identity.v1.verify", &task),
        on_the_bus("lookup", "icp.task.authority.v1.lookup", &task),
        on_the_bus("submit", "icp.task.relay.v1.submit", &submission),
        on_the_bus("query", "icp.task.relay.v1.query", &query),
        on_the_bus("open", "icp.task.sms.v1.open", &opening),
        on_the_bus("set-timers", "icp.task.schedule.v1.set", &timers),
        on_the_bus("fired-for-a-window", "icp.evt.schedule.v1.fired", &fired(&format!("{ORDER}/1"), "reminder_6h")),
        on_the_bus("fired-for-an-order", "icp.evt.schedule.v1.fired", &fired(ORDER, "reminder_first")),
        on_the_bus("order-event", "icp.evt.order.v1.approved", &event),
        on_the_bus("answered", "icp.evt.authority.v1.answered", &answered),
        on_the_bus("approved", "icp.evt.bureau.v1.approved", &approved),
        on_the_bus("rejected", "icp.evt.bureau.v1.rejected", &rejected),
        on_the_bus("identity-subject", "IdentitySubject", &identity_subject),
        on_the_bus("lookup-subject", "LookupSubject", &messages::lookup_subject(&filing)),
        on_the_bus("relay-filing", "RelayFiling", &messages::relay_filing(&filing, Vec::new(), Vec::new())),
    ]
}

fn on_the_bus(name: &str, kind: &str, message: &impl Message) -> Seed {
    seed("bus-message", name, [kind.as_bytes(), b"\n", &message.encode_to_vec()].concat())
}

fn papers() -> Vec<Seed> {
    let types = [OrderType::FirstFiling, OrderType::ChangeOrganiser, OrderType::CancelAccess];
    let of_type = |order_type: OrderType| {
        let filing = filing_of_type(order_type, Province::Gansu, 7);
        seed("papers", order_type.as_str(), serde_json::to_vec(&filing).unwrap())
    };
    let person = serde_json::to_vec(&person_filing(Province::Zhejiang, 3)).unwrap();
    types.map(of_type).into_iter().chain([seed("papers", "person", person)]).collect()
}

fn files_of_operators() -> Vec<Seed> {
    let file = |kind: &str, content: &[u8]| seed("operator-file", kind, [kind.as_bytes(), b"\n", content].concat());
    let of_release = |path: &str| std::fs::read(root().join(path)).unwrap();
    let vectors = vectors();
    let cases = encode_cases(vectors.iter().take(1).map(|vector| (&vector.order, &vector.context))).unwrap();
    // Id and province with their lengths, nothing recorded, the case.
    let frame = [&b"\x07order-1\x02gd\x00"[..], &cases].concat();
    let release = json!({ "digest": "00".repeat(32), "version": "1.0.0" });
    vec![
        file("calendar", icp_domain::calendar::CALENDAR.as_bytes()),
        file("bureau-results", &of_release("services/intake/data/bureau-results.toml")),
        file("cron", b"0 30 3 * * *"),
        file("stock-frame", &frame),
        file("vectors", &serde_json::to_vec(&vectors[..2]).unwrap()),
        file("release", release.to_string().as_bytes()),
    ]
}

fn written() -> [Vec<Seed>; 11] {
    [
        orders(),
        texts(),
        imports(),
        materials(),
        bureau(),
        rules(),
        requests(),
        systems(),
        messages_of_the_bus(),
        papers(),
        files_of_operators(),
    ]
}

#[test]
fn what_the_platform_writes_is_read() {
    let is_to_be_written = std::env::var_os("ICP_SEEDS_WRITE").is_some();
    for Seed { target: name, name: file, bytes } in written().into_iter().flatten() {
        let outcome = (target(name).unwrap().run)(&bytes);
        assert_eq!(outcome, Outcome::Read, "{name} refuses {file}: {}", String::from_utf8_lossy(&bytes));
        if is_to_be_written {
            let folder = seeds().join(name);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(file), bytes).unwrap();
        }
    }
}

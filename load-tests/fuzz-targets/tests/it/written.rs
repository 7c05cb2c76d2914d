//! The seeds that the platform's own code writes. `ICP_SEEDS_WRITE=1 cargo test -p icp-fuzz-targets` puts them into the
//! repository, after a change of a form that is read.

use std::io::Cursor;
use std::path::Path;

use encoding_rs::GB18030;
use icp_domain::{OrderType, Province};
use icp_fuzz_targets::{Outcome, seeds, target};
use icp_intake::imports::columns::{self, COLUMNS};
use icp_relay::wire::charset::gbk_xml;
use icp_relay::wire::envelope::{ContentKey, beian_info, md5_base64, zip_one};
use icp_rules_sdk::batch::{encode_cases, judge_encoded};
use icp_rules_sdk::national::NATIONAL;
use icp_rules_sdk::vector::Vector;
use icp_testkit::files::{mp4, pdf};
use icp_testkit::filings::{company_filing, filing_of_type, person_filing};
use image::ImageFormat;
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
    vec![
        seed("picture", "jpeg", jpeg),
        seed("picture", "jpeg-with-comment", with_comment),
        seed("picture", "png", picture(ImageFormat::Png)),
        seed("paper", "one-page", pdf(1, "")),
        seed("video", "five-seconds", mp4(5, b"vide")),
    ]
}

fn written() -> [Vec<Seed>; 6] {
    [orders(), texts(), imports(), materials(), bureau(), rules()]
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

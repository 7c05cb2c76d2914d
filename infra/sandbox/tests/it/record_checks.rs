//! Record-level codes: one deviation in an otherwise good record.

use icp_sandbox::bureau::codec;

use crate::provider::{Document, World, fast, result_codes, upload_document};

/// What is replaced by what, and the codes that come back.
const CASES: &[(&str, &str, &[&str])] = &[
    ("<Dwmc>示例科技有限公司1</Dwmc>", "", &["5001"]),
    ("<Bbfs>1</Bbfs>", "<Bbfs>3</Bbfs>", &["5001"]),
    ("<IspWzid>2000001</IspWzid>", "<IspWzid>x</IspWzid>", &["5001", "5001"]),
    ("440000000001</Qqdwid>", "440000000002</Qqdwid>", &["5003"]),
    ("V.3.0", "V.2.1", &["5004"]),
    ("<Ym>example1.cn</Ym>", "<Ym>example1</Ym>", &["1004", "1041"]),
    ("<Dwxz>4</Dwxz>", "<Dwxz>7</Dwxz>", &["1014"]),
    ("<Dwxz>4</Dwxz>", "<Dwxz>3</Dwxz>", &["1008"]),
    ("<Zjhm>91440101", "<Zjhm>91440102", &["1008"]),
    ("440308199901101512", "440308199901101513", &["1015"]),
    ("<Fzr_sjhm>13800000001", "<Fzr_sjhm>12800000001", &["1011"]),
    ("a@example.cn", "a.example.cn", &["1009"]),
    ("<Fzr_xm>甲</Fzr_xm>", "", &["1044"]),
    ("<Qsip>3221225985", "<Qsip>3221225986", &["1006"]),
    ("<Shengid>440000", "<Shengid>990000", &["1019"]),
    ("<Shiid>440100", "<Shiid>330100", &["1019"]),
    ("<Syurl>www.example1.cn", "<Syurl>www.example2.cn", &["1041"]),
    ("<Syurl>www.example1.cn", "<Syurl>www..cn", &["1022"]),
    ("<Fwnr_id>8<", "<Fwnr_id>99<", &["1034"]),
    ("<Jrfs>5<", "<Jrfs>6<", &["1035"]),
    ("<Fbdd>5<", "<Fbdd>35<", &["1036"]),
    ("<Yylb_id>1<", "<Yylb_id>18<", &["1066"]),
    ("<Fjwjgs>1<", "<Fjwjgs>9<", &["1056"]),
    ("<Fjyt>1<", "<Fjyt>77<", &["1057"]),
    ("<Fjwjgs>1<", "<Fjwjgs>2<", &["5010"]),
    ("<Ssdxbs>2000001<", "<Ssdxbs>2000002<", &["5001"]),
];

#[tokio::test]
async fn one_deviation_gives_its_code() {
    let world = World::start(fast()).await;
    let good = Document::new(1).xml();
    for (position, (from, to, expected)) in CASES.iter().enumerate() {
        assert!(good.contains(from), "case {position} changes nothing");
        let sequence = position as u32 + 1;
        let document = good.replacen(from, to, 1);
        let codes = world.result_codes(sequence, &document).await;
        assert_eq!(codes, *expected, "case {position}: {from} → {to}");
    }
    let last = CASES.len() as u32 + 1;
    assert_eq!(world.result_codes(last, &good).await, ["1001"]);
}

#[tokio::test]
async fn pictures_have_a_limit() {
    let world = World::start(fast()).await;
    let with_picture = |n: u32, purpose: u32, content: &[u8]| {
        let good = Document::new(n).xml().replace("<Fjyt>1</Fjyt>", &format!("<Fjyt>{purpose}</Fjyt>"));
        let (head, rest) = good.split_once("<Fjnr>").unwrap();
        let (_, tail) = rest.split_once("</Fjnr>").unwrap();
        format!("{head}<Fjnr>{}</Fjnr>{tail}", codec::base64_in_lines(content))
    };
    let jpeg = |bytes: usize| {
        let mut content = vec![0; bytes];
        content[..3].copy_from_slice(&[0xff, 0xd8, 0xff]);
        content[bytes - 2..].copy_from_slice(&[0xff, 0xd9]);
        content
    };
    let (slip, other) = (1, 4);
    let cases = [
        (with_picture(1, other, &jpeg(100 * 1024 + 1)), "5010"),
        (with_picture(1, other, &jpeg(1000)[..900]), "5010"),
        (with_picture(1, other, &jpeg(100 * 1024)), "1001"),
        (with_picture(2, slip, &jpeg(150 * 1024 + 1)), "5010"),
        (with_picture(2, slip, &jpeg(150 * 1024)), "1001"),
    ];
    for (sequence, (document, expected)) in (1..).zip(&cases) {
        assert_eq!(world.result_codes(sequence, document).await, [*expected], "document {sequence}");
    }
}

#[tokio::test]
async fn conflicts_with_other_filings() {
    let world = World::start(fast()).await;
    assert_eq!(world.result_codes(1, &Document::new(1).xml()).await, ["1001"]);
    let same_domain = Document { domain: "example1.cn".to_owned(), ..Document::new(2) };
    assert_eq!(world.result_codes(2, &same_domain.xml()).await, ["1005"]);
    let same_organiser = Document { uscc: Document::new(1).uscc, ..Document::new(3) };
    assert_eq!(world.result_codes(3, &same_organiser.xml()).await, ["1003"]);

    // Two of one organiser and domain in one file: the second meets the first.
    let twins = [Document::new(4).record(), Document::new(4).record()];
    let upload = world.upload(4, &upload_document(&twins));
    assert_eq!(world.code(&upload).await, "0");
    let mut codes = Vec::new();
    while codes.len() < 3 {
        codes.extend(result_codes(&world.next_download().await));
    }
    codes.sort();
    assert_eq!(codes, ["1001", "1003", "1039"]);
}

#[tokio::test]
async fn what_is_not_open_says_so() {
    let world = World::start(fast()).await;
    let document = "<UploadData version='V.3.0'><ICP><HSJG><Hsjgxx><Hsjg>0</Hsjg></Hsjgxx></HSJG>\
                    <Qqdwid>440000000001</Qqdwid></ICP></UploadData>";
    assert_eq!(world.result_codes(1, document).await, ["5011"]);
    let migration =
        "<UploadData version='V.3.0'><ICP><WZQY><Qyxx/></WZQY><Qqdwid>440000000001</Qqdwid></ICP></UploadData>";
    assert_eq!(world.result_codes(2, migration).await, ["5001"], "V3.0 knows no migration");
}

#[tokio::test]
async fn a_broken_document_is_one_result_with_the_file_name() {
    let world = World::start(fast()).await;
    let utf8 = Document::new(1).xml().replace("encoding=\"GBK\"", "encoding=\"UTF-8\"");
    let documents: [Vec<u8>; 4] = [b"<UploadData>".to_vec(), b"<Other/>".to_vec(), vec![0xff, 0xff], utf8.into_bytes()];
    for (position, document) in documents.iter().enumerate() {
        let upload = world.upload_bytes(position as u32 + 1, document);
        assert_eq!(world.code(&upload).await, "0");
        let download = world.next_download().await;
        assert_eq!(result_codes(&download), ["5001"], "document {position}");
        assert!(download.to_xml().contains("beianinfo.xml"));
    }
}

#[tokio::test]
async fn elements_may_come_in_any_order() {
    let world = World::start(fast()).await;
    let good = Document::new(1).xml();
    let (head, rest) = good.split_once("<Dwmc>").unwrap();
    let (name, tail) = rest.split_once("</Dwmc>").unwrap();
    let moved = format!("{head}{}", tail.replacen("<Bbfs>", &format!("<Dwmc>{name}</Dwmc><Bbfs>"), 1));
    assert_eq!(world.result_codes(1, &moved).await, ["1001"]);
}

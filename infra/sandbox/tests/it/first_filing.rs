//! A first filing from upload to the acknowledged download.

use icp_sandbox::bureau::codec;
use serde_json::json;

use crate::provider::{Document, WEBSITE_MOBILE, World, fast, result_codes, upload_document};

#[tokio::test]
async fn upload_sms_approval_download_and_receipt() {
    let world = World::start(fast()).await;
    let document = Document::new(1);
    let upload = world.upload(1, &document.xml());
    assert_eq!(world.code(&upload).await, "0");
    let seen = world.wait_for("example1.cn", "approved").await;
    assert_eq!((&seen["records_received"], &seen["filings"][0]["slips"]), (&json!(1), &json!(1)));
    let states: Vec<&str> = seen["filings"][0]["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["state"].as_str().unwrap())
        .collect();
    let expected = ["received", "validating", "awaiting_sms", "under_review", "approved"];
    assert_eq!(states, expected);

    let phone = world.get(&format!("/phones/{WEBSITE_MOBILE}")).await;
    assert_eq!(phone["messages"][0]["from"], "ministry");

    let download = world.next_download().await;
    assert_eq!(result_codes(&download), ["1001"]);
    let icp = download.child("ICP").unwrap();
    let results = icp.child("BAJG").unwrap();
    assert_eq!(results.text_at("Jg_xx/Czlx"), Some("1"));
    assert_eq!(results.text_at("Jg_xx/Bs"), Some("1000001"));
    assert_eq!(results.text_at("GJSHS/Gjsh/Shjg"), Some("1"));
    let filed = icp.child("BASJ").unwrap().child("Baxx").unwrap();
    let year = chrono_year(&seen);
    let number = format!("粤ICP备{year}000001号");
    assert_eq!(filed.text_at("Zt_xx/Baxh"), Some(number.as_str()));
    assert_eq!(filed.text_at("Wz_xx/Baxh"), Some(format!("{number}-1").as_str()));
    assert_eq!(filed.text_at("Zt_xx/Dwmc"), Some("示例科技有限公司1"));
    assert_eq!(filed.text_at("Wz_xx/Jr_xx/Ispid"), Some("440000000001"));
    let mut ids: Vec<&str> =
        ["Zt_xx/Ztid", "Wz_xx/Wzid", "Wz_xx/Ym_xx/Ymid", "Wz_xx/Jr_xx/Jrid", "Wz_xx/Jr_xx/Ip_xx/Ipid"]
            .iter()
            .map(|path| filed.text_at(path).unwrap())
            .collect();
    ids.dedup();
    assert_eq!(ids.len(), 5);
    assert_eq!(world.code(&world.call("isp_download")).await, "2");

    let query =
        world.call("isp_querybeianstatus").with("queryConditionType", "0").with("queryCondition", "example1.cn");
    let status = world.send(&query).await.unwrap();
    assert_eq!(status.text_at("StatusInfo/Bazt"), Some("0"));
    assert_eq!(status.text_at("StatusInfo/Ztbah"), Some(number.as_str()));
    let query = query.with("queryConditionType", "1").with("queryCondition", document.uscc);
    let status = world.send(&query).await.unwrap();
    assert_eq!(status.text_at("StatusInfo/Bazt"), Some("0"));
    let query = query.with("queryCondition", "91440101MA5CJQ4N59");
    let status = world.send(&query).await.unwrap();
    assert_eq!(status.text_at("StatusInfo/Bazt"), Some("1"));
}

fn chrono_year(seen: &serde_json::Value) -> String {
    let approved_at = seen["filings"][0]["history"][4]["at"].as_str().unwrap();
    let moment: chrono::DateTime<chrono::Utc> = approved_at.parse().unwrap();
    icp_sandbox::clock::in_beijing(moment).format("%Y").to_string()
}

#[tokio::test]
async fn an_unacknowledged_file_is_sent_again_unchanged() {
    let world = World::start(fast()).await;
    world.set("/bureau/settings", json!({})).await;
    let download = world.call("isp_download");
    assert_eq!(world.code(&world.upload(1, &Document::new(1).xml())).await, "0");
    world.wait_for("example1.cn", "approved").await;
    let first = world.send(&download).await.unwrap();

    assert_eq!(world.code(&world.upload(2, &Document::new(2).xml())).await, "0");
    world.wait_for("example2.cn", "approved").await;
    let again = world.send(&download).await.unwrap();
    assert_eq!(first.child("fileInfos"), again.child("fileInfos"));
    assert_eq!(first.text_at("msg_code"), Some("0"));
    assert_eq!(again.text_at("msg_code"), Some("3"));

    let receipt = world.call("isp_downloadack");
    assert_eq!(world.code(&world.call("isp_downloadack")).await, "21");
    assert_eq!(world.code(&receipt.with("fileName", "other.xml")).await, "999");
    let (name, _) = world.open(&again);
    let receipt = world.call("isp_downloadack").with("fileName", name.as_str());
    assert_eq!(world.code(&receipt).await, "3");
    assert_eq!(world.code(&receipt).await, "3", "a repeated receipt is taken");
    let download = world.next_download().await;
    let icp = download.child("ICP").unwrap();
    assert_eq!(icp.text_at("BAJG/Jg_xx/Bs"), Some("1000002"));
    assert_eq!(world.code(&receipt).await, "1");
}

#[tokio::test]
async fn a_thousand_results_are_grouped_and_counters_are_per_province() {
    let world = World::start(fast()).await;
    let records: Vec<String> = (1..=400)
        .map(|number| {
            let province_code = if number % 2 == 0 { 440_000 } else { 330_000 };
            let website_mobile = format!("139{number:08}");
            Document { province_code, website_mobile, ..Document::new(number) }.record()
        })
        .collect();
    let upload = world.upload(1, &upload_document(&records));
    assert_eq!(world.code(&upload).await, "0");
    world.wait_for("example400.cn", "approved").await;
    world.wait_for("example1.cn", "approved").await;
    let mut numbers = Vec::new();
    while numbers.len() < 400 {
        let download = world.next_download().await;
        let filed: Vec<String> = download
            .child("ICP")
            .unwrap()
            .all("BASJ")
            .flat_map(|it| it.all("Baxx"))
            .filter_map(|it| it.text_at("Zt_xx/Baxh"))
            .map(str::to_owned)
            .collect();
        assert!(filed.len() * 3 <= 1000);
        numbers.extend(filed);
    }
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 400);
    assert!(numbers.iter().any(|it| it.starts_with('粤') && it.ends_with("000200号")));
    assert!(numbers.iter().any(|it| it.starts_with('浙') && it.ends_with("000200号")));
}

#[tokio::test]
async fn the_last_upload_can_be_asked_for() {
    let world = World::start(fast()).await;
    let query = world.call("isp_querypreviousupload");
    let nothing = world.send(&query).await.unwrap();
    assert_eq!(nothing.text_at("fileInfos/dataSequence"), Some("0"));
    assert_eq!(nothing.text_at("fileInfos/beianInfo"), None);

    let xml = Document::new(1).xml();
    assert_eq!(world.code(&world.upload(1, &xml)).await, "0");
    let last = world.send(&query).await.unwrap();
    assert_eq!(last.text_at("fileInfos/dataSequence"), Some("1"));
    let (name, document) = world.open(&last);
    assert_eq!(name, "beianinfo.xml");
    let sent = codec::from_gbk(&codec::to_gbk(&xml)).unwrap();
    let sent = icp_sandbox::bureau::xml::Element::parse(&sent).unwrap();
    assert_eq!(document, sent);
}

#[tokio::test]
async fn the_description_names_every_operation() {
    let world = World::start(fast()).await;
    let url = world.url("/ISPWebService/upDownLoad?wsdl");
    let text = world.http.get(url).send().await.unwrap().text().await.unwrap();
    for operation in ["isp_upload", "isp_download", "isp_downloadack", "isp_querypreviousupload"] {
        assert!(text.contains(&format!("name=\"{operation}\"")), "{operation}");
    }
    assert!(text.contains(&world.sandbox.http.to_string()));
}

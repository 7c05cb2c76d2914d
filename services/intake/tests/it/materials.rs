//! Materials: every kind is taken in its formats, what is wrong is said, what is not needed is not kept, what was
//! replaced is evidence until the order ends.

use std::time::Duration;

use icp_domain::{MaterialKind, Province};
use icp_testkit::files::{mp4, pdf};
use icp_testkit::filings::company_filing;
use icp_testkit::{specimen, wait_until};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::app::{APPLICANT, Answer, App, OPERATOR, OTHER, REVIEWER, id_of, path_of};
use crate::audit::{all_linked, trail};

const KIND: &str = "organiser-certificate";

/// A picture with print on it, of this size.
fn drawn(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| {
        if x / 5 % 2 == 0 && y / 9 % 3 != 0 { Rgb([190, 40, 40]) } else { Rgb([235, 230, 200]) }
    }))
}

pub(crate) fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.write_to(&mut std::io::Cursor::new(&mut bytes), format).unwrap();
    bytes
}

/// A good picture; another number is another picture.
pub(crate) fn picture(n: u32) -> Vec<u8> {
    encoded(&drawn(400 + n, 300), ImageFormat::Jpeg)
}

pub(crate) async fn put(app: &App, path: &str, kind: &str, content_type: &str, bytes: Vec<u8>) -> Answer {
    app.send(APPLICANT, Method::PUT, &format!("{path}/materials/{kind}"), None, Some((content_type, bytes))).await
}

async fn put_picture(app: &App, path: &str, kind: &str, n: u32) -> Answer {
    let answer = put(app, path, kind, "image/jpeg", picture(n)).await;
    assert_eq!(answer.status, 200, "{kind}: {}", answer.body);
    answer
}

async fn take_back(app: &App, token: &str, path: &str, kind: &str) -> Answer {
    app.send(token, Method::DELETE, &format!("{path}/materials/{kind}"), None, None).await
}

async fn list(app: &App, path: &str) -> Value {
    app.get(APPLICANT, &format!("{path}/materials")).await.body
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_bureau_asks_for_can_be_uploaded() {
    let app = App::start().await;
    let (path, _) = app.draft(1).await;
    let kinds = app.get(OPERATOR, "/v1/materials/kinds").await.body;
    let kinds = kinds["kinds"].as_array().unwrap();
    assert_eq!(kinds.len(), MaterialKind::ALL.len());
    for kind in kinds {
        let media_type = kind["media_types"][0].as_str().unwrap();
        let bytes = match media_type {
            "application/pdf" => pdf(2, ""),
            "video/mp4" => mp4(5, b"vide"),
            _ => picture(1),
        };
        let name = kind["kind"].as_str().unwrap();
        let answer = put(&app, &path, name, media_type, bytes).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
    }
    let listed = list(&app, &path).await;
    let facts = |kind: &str| {
        let materials = listed["materials"].as_array().unwrap();
        materials.iter().find(|material| material["kind"] == kind).unwrap()["facts"].clone()
    };
    assert_eq!(listed["materials"].as_array().unwrap().len(), kinds.len());
    assert_eq!(facts("site-plan")["pages"], 2);
    assert_eq!(facts("commitment-video")["duration_ms"], 5_000);
    assert_eq!(
        (&facts("lease")["picture"]["width_px"], &facts("lease")["picture"]["is_grey"]),
        (&json!(401), &json!(false))
    );
    let refused = put(&app, &path, "lease", "application/pdf", pdf(1, "")).await;
    assert_eq!((refused.status, refused.body["code"].as_str()), (415, Some("ICP-INTAKE-0013")), "{}", refused.body);
    assert!(refused.body["detail"].as_str().unwrap().contains("image/jpeg or image/png"), "{}", refused.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_good_file_is_refused_with_its_reason_and_nothing_is_kept() {
    let app = App::start().await;
    let (path, etag) = app.draft(1).await;
    let whole = picture(1);
    let mut cmyk = whole.clone();
    let frame = cmyk.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    cmyk[frame + 9] = 4;
    let bomb = encoded(&DynamicImage::new_luma8(6_000, 6_000), ImageFormat::Png);
    let script = String::from_utf8(pdf(1, ""))
        .unwrap()
        .replace("/Type /Catalog", "/Type /Catalog /OpenAction << /S /JavaScript >>");
    for (kind, content_type, bytes, reason) in [
        (KIND, "image/jpeg", whole[..whole.len() - 300].to_vec(), "ends in the middle"),
        (KIND, "image/jpeg", cmyk, "CMYK"),
        (KIND, "image/png", bomb, "36000000 pixels"),
        (KIND, "image/jpeg", encoded(&drawn(900, 150), ImageFormat::Jpeg), "shorter side of 150 pixels"),
        (KIND, "image/png", b"\x89PNG\r\n\x1a\nnothing more".to_vec(), "ends in the middle"),
        ("site-plan", "application/pdf", script.into_bytes(), "`JavaScript`"),
        ("site-plan", "application/pdf", pdf(101, ""), "101 pages"),
        ("commitment-video", "video/mp4", mp4(5, b"vide")[..120].to_vec(), "ends in the middle"),
    ] {
        let answer = put(&app, &path, kind, content_type, bytes).await;
        assert_eq!((answer.status, answer.body["code"].as_str()), (422, Some("ICP-INTAKE-0002")), "{}", answer.body);
        let error = &answer.body["errors"][0];
        assert_eq!(error["field"], format!("materials.{kind}"));
        assert!(error["reason"].as_str().unwrap().contains(reason), "{reason}: {error}");
        assert!(!error["remedy"].as_str().unwrap().is_empty());
    }
    assert_eq!(list(&app, &path).await["materials"], json!([]));
    assert_eq!(app.order(&path).await.etag, etag, "the order is as it was");
    assert_eq!(app.stored_files("").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_where_a_picture_was_taken_is_not_kept() {
    let app = App::start().await;
    let (path, _) = app.draft(1).await;
    // Orientation 6 (turn right), and behind it what cameras write more.
    let exif = b"Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0 GPS 22.5431N 114.0579E";
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let plain = picture(1);
    let sent = [&plain[..2], b"\xFF\xE1", &length, exif, &plain[2..]].concat();
    assert_eq!(put(&app, &path, KIND, "image/jpeg", sent.clone()).await.status, 200);
    let material = list(&app, &path).await["materials"][0].clone();
    assert_eq!(material["facts"]["metadata_removed"], true);
    let upright = &material["facts"]["picture"];
    assert_eq!((&upright["width_px"], &upright["height_px"]), (&json!(300), &json!(401)), "as it is seen");
    let url = format!("{}{path}/materials/{KIND}", app.base);
    let kept = app.http.get(url).bearer_auth(REVIEWER).send().await.unwrap().bytes().await.unwrap();
    assert!(kept.windows(3).all(|part| part != b"GPS") && kept.len() < sent.len());
    assert_eq!(material["sha256"], sha256(&kept));
    let (of_kept, of_sent) = (image::load_from_memory(&kept).unwrap(), image::load_from_memory(&sent).unwrap());
    assert_eq!(of_kept, of_sent, "not one pixel is another");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_picture_is_told_before_anybody_looks() {
    let app = App::start_with("[intake.materials.quality]\nseverity = \"review\"\n").await;
    let (path, _) = app.draft(1).await;
    let said = async || {
        let checked = app.post(APPLICANT, &format!("{path}/check")).await.body;
        let findings = checked["findings"].as_array().unwrap().clone();
        let about = findings.into_iter().filter(|finding| finding["field"] == format!("materials.{KIND}"));
        about
            .map(|finding| (finding["message_en"].as_str().unwrap().to_owned(), finding["severity"].clone()))
            .collect::<Vec<_>>()
    };
    put_picture(&app, &path, KIND, 1).await;
    assert_eq!(said().await, Vec::new());
    let dark = drawn(500, 400).brighten(-190);
    assert_eq!(put(&app, &path, KIND, "image/jpeg", encoded(&dark, ImageFormat::Jpeg)).await.status, 200);
    let said_of_dark = said().await;
    assert!(said_of_dark.contains(&("the picture is too dark".to_owned(), json!("review"))), "{said_of_dark:?}");
    let grey = drawn(500, 400).grayscale();
    assert_eq!(put(&app, &path, KIND, "image/jpeg", encoded(&grey, ImageFormat::Jpeg)).await.status, 200);
    let said_of_grey = said().await;
    assert!(said_of_grey[0].0.contains("black and white"), "{said_of_grey:?}");
    let blank = DynamicImage::ImageRgb8(RgbImage::from_pixel(400, 400, Rgb([250, 250, 250])));
    assert_eq!(put(&app, &path, KIND, "image/png", encoded(&blank, ImageFormat::Png)).await.status, 200);
    assert_eq!(said().await[0].0, "the picture is blank, or of one colour");
}

#[tokio::test(flavor = "multi_thread")]
async fn specimens_are_good_pictures() {
    let app = App::start().await;
    let (path, _) = app.draft(1).await;
    for (kind, bytes) in specimen::materials(&company_filing(Province::Guangdong, 1)) {
        assert_eq!(put(&app, &path, kind.as_str(), "image/jpeg", bytes).await.status, 200);
    }
    let checked = app.post(APPLICANT, &format!("{path}/check")).await.body;
    let about = checked["findings"].as_array().unwrap().iter().filter(|finding| finding["code"] == "S01");
    assert_eq!(about.collect::<Vec<_>>(), Vec::<&Value>::new(), "{}", list(&app, &path).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_that_names_fields_freezes_the_other_materials() {
    let app = App::start().await;
    let order = app.in_review(1..=1).await.remove(0);
    let path = path_of(&order);
    let findings = json!([
        {"code": "S01", "field": "materials.commitment", "reason": "illegible", "remedy": "photograph it again"},
        {"code": "S01", "field": "services[0].principal.id", "reason": "expired", "remedy": "show the new one"},
    ]);
    let decision = json!({"decision": "return", "findings": findings, "only_named": true});
    assert_eq!(app.review(REVIEWER, &order, &decision).await.body["phase"], "returned");
    for kind in ["commitment", "service-principal-id", "service-principal-face"] {
        put_picture(&app, &path, kind, 1).await;
    }
    for kind in [KIND, "organiser-principal-id", "lease"] {
        let frozen = put(&app, &path, kind, "image/jpeg", picture(1)).await;
        assert_eq!((frozen.status, &frozen.body["errors"][0]["field"]), (422, &json!(format!("materials.{kind}"))));
        assert!(frozen.body["errors"][0]["reason"].as_str().unwrap().contains("frozen"), "{}", frozen.body);
    }
    let parts = app
        .http
        .post(format!("{}{path}/materials/{KIND}/uploads", app.base))
        .bearer_auth(APPLICANT)
        .header("tus-resumable", "1.0.0")
        .header("upload-length", "1000");
    assert_eq!(parts.send().await.unwrap().status(), 422, "neither in parts");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_replaced_is_evidence_until_the_order_ends() {
    let app = App::start_with("[intake.materials]\nsweep_every_ms = 50\n").await;
    let (path, _) = app.draft(1).await;
    put_picture(&app, &path, KIND, 1).await;
    put_picture(&app, &path, KIND, 2).await;
    let (first, second) = (picture(1), picture(2));
    let listed = list(&app, &path).await;
    assert_eq!(listed["materials"][0]["sha256"], sha256(&second));
    assert_eq!(listed["replaced"][0]["sha256"], sha256(&first));
    assert!(listed["replaced"][0]["replaced_at"].is_string() && listed["materials"][0].get("replaced_at").is_none());

    let history = app.get(APPLICANT, &format!("{path}/history")).await.body.to_string();
    assert!(history.contains(r#""replaced":false"#) && history.contains(r#""replaced":true"#), "{history}");
    let look = async |digest: &str| {
        let url = format!("{}{path}/materials/{KIND}?sha256={digest}", app.base);
        app.http.get(url).bearer_auth(REVIEWER).send().await.unwrap().bytes().await.unwrap()
    };
    assert_eq!(look(&sha256(&first)).await, first, "a reviewer sees what stood there before");
    all_linked(&app.pool).await;
    let seen = trail(&app, 0).await;
    let seen = seen.iter().find(|entry| entry["action"] == "material.viewed").unwrap();
    assert!(seen.to_string().contains(&sha256(&first)), "and the trail says which one: {seen}");

    assert_eq!(app.stored_files("orders").len(), 2);
    let etag = app.order(&path).await.etag;
    assert_eq!(app.send(APPLICANT, Method::POST, &format!("{path}/withdraw"), Some(&etag), None).await.status, 200);
    wait_until("the replaced one to be forgotten", Duration::from_secs(30), || async {
        let files = app.stored_files("orders").len();
        if files == 1 { Ok(()) } else { Err(format!("{files} files")) }
    })
    .await
    .unwrap();
    wait_until("its row to go", Duration::from_secs(30), || async {
        let listed = list(&app, &path).await;
        if listed["replaced"] == json!([]) { Ok(()) } else { Err(listed.to_string()) }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reviewer_sees_which_materials_are_others_since_the_return() {
    let app = App::start().await;
    let (path, _) = app.draft(1).await;
    put_picture(&app, &path, KIND, 1).await;
    put_picture(&app, &path, "commitment", 5).await;
    let etag = app.order(&path).await.etag;
    let submit = format!("{path}/submit");
    assert_eq!(app.send(APPLICANT, Method::POST, &submit, Some(&etag), None).await.body["phase"], "checking");
    app.checked(&path).await;
    let waiting = app.wait_phase(&path, "provider_review").await;
    let findings = json!([{"code": "S01", "field": "materials.organiser-certificate"}]);
    let decision = json!({"decision": "return", "findings": findings});
    assert_eq!(app.review(REVIEWER, &waiting, &decision).await.body["phase"], "returned");
    put_picture(&app, &path, KIND, 2).await;
    put_picture(&app, &path, KIND, 3).await;
    put_picture(&app, &path, "lease", 4).await;
    assert_eq!(take_back(&app, APPLICANT, &path, "commitment").await.status, 200);
    let changes = app.get(REVIEWER, &format!("{path}/changes")).await.body;
    let materials = changes["materials"].as_array().unwrap();
    assert_eq!(materials.len(), 3, "{changes}");
    assert_eq!((&materials[0]["kind"], &materials[0]["before"]), (&json!("lease"), &Value::Null));
    assert_eq!(materials[1]["before"], sha256(&picture(1)), "what was handed in, not what came in between");
    assert_eq!(materials[1]["after"], sha256(&picture(3)));
    assert_eq!((&materials[2]["kind"], &materials[2]["before"]), (&json!("commitment"), &json!(sha256(&picture(5)))));
    assert!(materials[2].get("after").is_none(), "it was taken back: {changes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_can_be_taken_back_while_the_order_is_open() {
    let app = App::start().await;
    let (path, _) = app.draft(1).await;
    put_picture(&app, &path, KIND, 1).await;
    assert_eq!(take_back(&app, OTHER, &path, KIND).await.status, 404);
    assert_eq!(take_back(&app, REVIEWER, &path, KIND).await.status, 403);
    let taken = take_back(&app, APPLICANT, &path, KIND).await;
    assert_eq!((taken.status, &taken.body["version"]), (200, &json!(3)), "{}", taken.body);
    let listed = list(&app, &path).await;
    assert_eq!((&listed["materials"], &listed["replaced"][0]["sha256"]), (&json!([]), &json!(sha256(&picture(1)))));
    let history = app.get(APPLICANT, &format!("{path}/history")).await.body.to_string();
    assert!(history.contains(r#""removed":true"#), "{history}");
    assert_eq!(take_back(&app, APPLICANT, &path, KIND).await.status, 404, "it is gone");

    put_picture(&app, &path, KIND, 2).await;
    let etag = app.order(&path).await.etag;
    assert_eq!(app.send(APPLICANT, Method::POST, &format!("{path}/submit"), Some(&etag), None).await.status, 200);
    assert_eq!(take_back(&app, APPLICANT, &path, KIND).await.status, 409, "it was handed in");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belonged_to_a_service_that_was_taken_out_is_not_reported() {
    let app = App::start().await;
    let mut filing = company_filing(Province::Guangdong, 1);
    filing.services.extend(company_filing(Province::Guangdong, 2).services);
    let created = app.json(APPLICANT, Method::POST, "/v1/orders", None, &serde_json::to_value(&filing).unwrap()).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let path = path_of(&created);
    put_picture(&app, &path, KIND, 1).await;
    let put_of = async |kind: &str, service: u32| {
        let place = format!("{path}/materials/{kind}?service={service}");
        app.send(APPLICANT, Method::PUT, &place, None, Some(("image/jpeg", picture(2 + service)))).await
    };
    for service in [0, 1] {
        assert_eq!(put_of("service-principal-id", service).await.status, 200);
    }
    for kind in [KIND, "organiser-principal-id-back"] {
        let wrong = put_of(kind, 1).await;
        assert_eq!((wrong.status, &wrong.body["errors"][0]["field"]), (422, &json!("service")), "the organiser's");
    }

    filing.services.truncate(1);
    let etag = app.order(&path).await.etag;
    let amended = app.json(APPLICANT, Method::PUT, &path, Some(&etag), &serde_json::to_value(&filing).unwrap()).await;
    assert_eq!(amended.status, 200, "{}", amended.body);
    let listed = list(&app, &path).await;
    assert_eq!(listed["materials"].as_array().unwrap().len(), 2, "{listed}");
    assert_eq!((&listed["replaced"][0]["service"], listed["replaced"].as_array().unwrap().len()), (&json!(1), 1));
    assert_eq!(put_of("service-principal-id", 1).await.status, 422, "there is no such service any more");

    let submit = format!("{path}/submit");
    assert_eq!(app.send(APPLICANT, Method::POST, &submit, Some(&amended.etag), None).await.body["phase"], "checking");
    app.checked(&path).await;
    let waiting = app.wait_phase(&path, "provider_review").await;
    assert_eq!(app.review(REVIEWER, &waiting, &json!({"decision": "pass"})).await.body["phase"], "queued");
    let told = app.sent_to_relay(&id_of(&path)).await;
    let services: Vec<u32> = told.materials.iter().map(|material| material.service_index).collect();
    assert_eq!((told.services.len(), services), (1, vec![0, 0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn materials_that_come_at_the_same_time_do_not_hinder_each_other() {
    let app = App::start().await;
    let (path, _) = app.draft(1).await;
    let kinds = ["organiser-certificate", "organiser-principal-id", "service-principal-id", "commitment"];
    let uploads = kinds.map(|kind| put(&app, &path, kind, "image/jpeg", picture(1)));
    let answers = futures::future::join_all(uploads).await;
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200; 4]);
    assert_eq!(list(&app, &path).await["materials"].as_array().unwrap().len(), 4);
    assert_eq!(app.order(&path).await.body["version"], 5);
}

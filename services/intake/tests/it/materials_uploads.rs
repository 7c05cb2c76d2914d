//! Uploads in parts: by the protocol, over restarts and replicas, encrypted from the first byte, gone when they are over.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use icp_testkit::files::pdf;
use icp_testkit::wait_until;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use crate::app::{APPLICANT, App, OTHER, REVIEWER};
use crate::replicas::Replica;

const KIND: &str = "site-plan";
const VERSION: (&str, &str) = ("tus-resumable", "1.0.0");

/// A site plan of so many bytes.
fn plan(bytes: usize) -> Vec<u8> {
    let text = "%".to_owned() + &"a site plan that nobody may read on the disk ".repeat(bytes / 40) + "\n";
    let mut plan = pdf(1, "");
    let place = plan.len() - "trailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF\n".len();
    plan.splice(place..place, text.into_bytes().into_iter().take(bytes - plan.len()).chain(*b"\n").collect::<Vec<_>>());
    plan
}

async fn request(app: &App, method: Method, url: &str, headers: &[(&str, String)], body: Vec<u8>) -> Response {
    let mut request = app.http.request(method, url).bearer_auth(APPLICANT).header(VERSION.0, VERSION.1);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request.body(body).send().await.unwrap()
}

/// A new upload; answers its URL.
async fn create(app: &App, path: &str, kind: &str, length: usize) -> String {
    let metadata =
        format!("filename {},filetype {}", BASE64.encode("secret name.pdf"), BASE64.encode("application/pdf"));
    let headers = [("upload-length", length.to_string()), ("upload-metadata", metadata)];
    let url = format!("{}{path}/materials/{kind}/uploads", app.base);
    let created = request(app, Method::POST, &url, &headers, Vec::new()).await;
    assert_eq!(created.status(), 201);
    assert!(created.headers()["upload-expires"].to_str().unwrap().ends_with("GMT"));
    format!("{}{}", app.base, created.headers()["location"].to_str().unwrap())
}

async fn offset(app: &App, url: &str) -> usize {
    let answer = request(app, Method::HEAD, url, &[], Vec::new()).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["cache-control"].to_str().unwrap()), (200, "no-store"));
    answer.headers()["upload-offset"].to_str().unwrap().parse().unwrap()
}

async fn patch(app: &App, url: &str, offset: usize, bytes: &[u8], checksum: Option<String>) -> Response {
    let mut headers =
        vec![("upload-offset", offset.to_string()), ("content-type", "application/offset+octet-stream".to_owned())];
    headers.extend(checksum.map(|checksum| ("upload-checksum", checksum)));
    request(app, Method::PATCH, url, &headers, bytes.to_vec()).await
}

async fn materials(app: &App, path: &str) -> Value {
    app.get(APPLICANT, &format!("{path}/materials")).await.body["materials"].clone()
}

async fn code(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["tus-resumable"], VERSION.1, "every answer names the version");
    let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_comes_in_parts_through_two_processes_is_the_same_material() {
    let app = App::start_with("[intake.materials.uploads]\npart_bytes = 3000\n").await;
    let (path, _) = app.draft(1).await;
    let file = plan(20_000);
    let url = create(&app, &path, KIND, file.len()).await;
    let (first, rest) = file.split_at(7_000);
    let sha1 = format!("sha1 {}", BASE64.encode(Sha1::digest(first)));
    let answer = patch(&app, &url, 0, first, Some(sha1)).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["upload-offset"].to_str().unwrap()), (204, "7000"));

    let kept = app.stored_files("uploads");
    assert_eq!(kept.len(), 3, "parts of 3000, 3000 and 1000 bytes");
    assert!(kept.iter().all(|part| part.windows(9).all(|clear| clear != b"site plan")), "encrypted at rest");
    let names: String =
        sqlx::query_scalar("select string_agg(uploads::text, ' ') from uploads").fetch_one(&app.pool).await.unwrap();
    assert!(!names.contains("secret"), "the name of a file is nobody's business");

    let replica = Replica::start(&app, "").await;
    let url_there = url.replace(&app.base, &replica.base);
    assert_eq!(offset(&app, &url_there).await, 7_000, "another process knows where it stands");
    let (second, third) = rest.split_at(5_000);
    assert_eq!(patch(&app, &url_there, 7_000, second, None).await.status(), 204);
    assert_eq!(offset(&app, &url).await, 12_000);
    let sha256 = format!("sha256 {}", BASE64.encode(Sha256::digest(third)));
    let done = patch(&app, &url, 12_000, third, Some(sha256)).await;
    assert_eq!((done.status().as_u16(), done.headers()["etag"].to_str().unwrap()), (204, "\"2\""));

    let material = materials(&app, &path).await[0].clone();
    assert_eq!(
        (&material["sha256"], &material["facts"]["pages"]),
        (&json!(hex::encode(Sha256::digest(&file))), &json!(1))
    );
    assert_eq!(app.stored_files("uploads").len(), 0, "the parts are gone");
    assert_eq!(offset(&app, &url).await, file.len(), "who has not heard of it learns that it is complete");
    let raw = app.http.get(format!("{}{path}/materials/{KIND}", app.base)).bearer_auth(REVIEWER).send().await.unwrap();
    assert_eq!(
        (raw.headers()["content-type"].to_str().unwrap(), raw.headers()["x-content-type-options"].to_str().unwrap()),
        ("application/pdf", "nosniff")
    );
    assert_eq!(raw.bytes().await.unwrap(), file);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_said_and_does_not_count() {
    let app = App::start_with("[intake.materials.uploads]\nper_order_max = 2\n").await;
    let (path, _) = app.draft(1).await;
    let file = plan(4_000);
    let url = create(&app, &path, KIND, file.len()).await;
    assert_eq!(patch(&app, &url, 0, &file[..1_000], None).await.status(), 204);

    assert_eq!(code(patch(&app, &url, 900, &file[900..], None).await).await, (409, "ICP-INTAKE-0044".to_owned()));
    let wrong = Some(format!("sha1 {}", BASE64.encode(Sha1::digest(b"something else"))));
    assert_eq!(code(patch(&app, &url, 1_000, &file[1_000..], wrong).await).await, (460, "ICP-INTAKE-0045".to_owned()));
    let unknown = Some("crc32 AAAA".to_owned());
    assert_eq!(
        code(patch(&app, &url, 1_000, &file[1_000..], unknown).await).await,
        (400, "ICP-INTAKE-0001".to_owned())
    );
    let longer = [&file[1_000..], b"more"].concat();
    assert_eq!(code(patch(&app, &url, 1_000, &longer, None).await).await.0, 413);
    let headers = [("upload-offset", "1000".to_owned()), ("content-type", "image/jpeg".to_owned())];
    assert_eq!(code(request(&app, Method::PATCH, &url, &headers, Vec::new()).await).await.0, 415);
    assert_eq!(offset(&app, &url).await, 1_000, "nothing of this counts");

    let old = app.http.head(&url).bearer_auth(APPLICANT).header(VERSION.0, "0.2.2").send().await.unwrap();
    assert_eq!((old.status().as_u16(), old.headers()["tus-version"].to_str().unwrap()), (412, VERSION.1));
    for (token, status) in [(OTHER, 410), (REVIEWER, 403), ("unknown", 401)] {
        let answer = app.http.head(&url).bearer_auth(token).header(VERSION.0, VERSION.1).send().await.unwrap();
        assert_eq!(answer.status(), status, "{token}");
    }
    let uploads = format!("{}{path}/materials/{KIND}/uploads", app.base);
    let post =
        async |headers: &[(&str, String)]| request(&app, Method::POST, &uploads, headers, Vec::new()).await.status();
    assert_eq!(post(&[("upload-length", "99999999".to_owned())]).await, 413);
    for length in ["", "0", "-1", "many"] {
        assert_eq!(post(&[("upload-length", length.to_owned())]).await, 422, "{length}");
    }
    assert_eq!(post(&[("upload-defer-length", "1".to_owned())]).await, 422);
    let metadata = ("upload-metadata", "filetype !".to_owned());
    assert_eq!(post(&[("upload-length", "10".to_owned()), metadata]).await, 422);
    assert_eq!(post(&[("upload-length", "10".to_owned())]).await, 201);
    assert_eq!(post(&[("upload-length", "10".to_owned())]).await, 422, "two are open already");

    let offer = app.http.request(Method::OPTIONS, format!("{}/v1/uploads", app.base)).send().await.unwrap();
    assert_eq!(
        (offer.status().as_u16(), offer.headers()["tus-checksum-algorithm"].to_str().unwrap()),
        (204, "sha1,sha256")
    );
    assert_eq!(offer.headers()["tus-max-size"], "67108864");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_refused_ends_its_upload_and_leaves_nothing() {
    let app = App::start().await;
    let (path, etag) = app.draft(1).await;
    let file = b"MZ this is a program, whatever it is called".repeat(100);
    let url = create(&app, &path, KIND, file.len()).await;
    assert_eq!(patch(&app, &url, 0, &file[..2_000], None).await.status(), 204);
    assert_eq!(code(patch(&app, &url, 2_000, &file[2_000..], None).await).await, (415, "ICP-INTAKE-0013".to_owned()));
    assert_eq!(request(&app, Method::HEAD, &url, &[], Vec::new()).await.status(), 410);
    assert_eq!((app.stored_files("").len(), app.order(&path).await.etag), (0, etag.clone()));

    let given_up = create(&app, &path, KIND, 5_000).await;
    assert_eq!(patch(&app, &given_up, 0, &[7; 900], None).await.status(), 204);
    let headers = [("x-http-method-override", "DELETE".to_owned())];
    assert_eq!(request(&app, Method::POST, &given_up, &headers, Vec::new()).await.status(), 204);
    assert_eq!(request(&app, Method::HEAD, &given_up, &[], Vec::new()).await.status(), 410);
    assert_eq!(app.stored_files("").len(), 0);

    let late = plan(3_000);
    let url = create(&app, &path, KIND, late.len()).await;
    let submit = format!("{path}/submit");
    assert_eq!(app.send(APPLICANT, Method::POST, &submit, Some(&etag), None).await.status, 200);
    assert_eq!(code(patch(&app, &url, 0, &late, None).await).await, (409, "ICP-INTAKE-0008".to_owned()));
    assert_eq!(app.stored_files("").len(), 0, "the order was handed in without it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_loses_less_than_a_part() {
    let app = App::start_with("[intake.materials.uploads]\npart_bytes = 1000\n").await;
    let (path, _) = app.draft(1).await;
    let file = plan(9_000);
    let url = create(&app, &path, KIND, file.len()).await;
    let address = app.base.strip_prefix("http://").unwrap();
    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "PATCH {} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {APPLICANT}\r\ntus-resumable: 1.0.0\r\n\
         upload-offset: 0\r\ncontent-type: application/offset+octet-stream\r\ncontent-length: {}\r\n\r\n",
        url.strip_prefix(&app.base).unwrap(),
        file.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&file[..4_500]).await.unwrap();
    connection.flush().await.unwrap();
    let stands = wait_until("the full parts to count", Duration::from_secs(30), || async {
        let offset = offset(&app, &url).await;
        if offset >= 4_000 { Ok(offset) } else { Err(format!("{offset} bytes")) }
    });
    stands.await.unwrap();
    drop(connection);
    // The rest goes on from wherever it stands; whether the half part counted is the server's to say.
    let answer = wait_until("the upload to be completed", Duration::from_secs(30), || async {
        let offset = offset(&app, &url).await;
        let answer = patch(&app, &url, offset, &file[offset..], None).await;
        if answer.status() == 204 { Ok(offset) } else { Err(format!("{} at {offset}", answer.status())) }
    });
    assert!((4_000..=4_500).contains(&answer.await.unwrap()));
    assert_eq!(materials(&app, &path).await[0]["sha256"], hex::encode(Sha256::digest(&file)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_not_completed_in_time_is_removed() {
    let app = App::start_with("[clock]\nfollow_bus = true\n[intake.materials]\nsweep_every_ms = 50\n").await;
    let (path, _) = app.draft(1).await;
    let url = create(&app, &path, KIND, 5_000).await;
    assert_eq!(patch(&app, &url, 0, &[7; 900], None).await.status(), 204);
    app.move_clock(2).await;
    wait_until("the upload to be removed", Duration::from_secs(30), || async {
        let rows: i64 =
            sqlx::query_scalar("select (select count(*) from uploads) + (select count(*) from upload_parts)")
                .fetch_one(&app.pool)
                .await
                .map_err(|error| error.to_string())?;
        let files = app.stored_files("uploads").len();
        if rows == 0 && files == 0 { Ok(()) } else { Err(format!("{rows} rows, {files} files")) }
    })
    .await
    .unwrap();
    assert_eq!(code(patch(&app, &url, 900, &[7; 100], None).await).await, (410, "ICP-INTAKE-0046".to_owned()));
}

//! The ministry's SMS: the page, wrong entries, the window, scripted rejections.

use icp_sandbox::Config;
use serde_json::{Value, json};

use crate::provider::{Document, ORGANISER_MOBILE, WEBSITE_MOBILE, World, fast, result_codes};

const ORGANISER_TAIL: &str = "101512";
const WEBSITE_TAIL: &str = "230021";

/// A filing that waits for its people, who stay silent.
async fn waiting() -> World {
    let world = World::start(fast()).await;
    world.set("/people", json!({"mobile": "*", "answers": false})).await;
    let upload = world.upload(1, &Document::new(1).xml());
    assert_eq!(world.code(&upload).await, "0");
    world.wait_for("example1.cn", "awaiting_sms").await;
    world
}

async fn code_on(world: &World, mobile: &str) -> String {
    let phone = world.get(&format!("/phones/{mobile}")).await;
    let messages = phone["messages"].as_array().unwrap();
    let text = messages.last().unwrap()["text"].as_str().unwrap();
    let (_, after) = text.split_once("验证码为").unwrap();
    after[..6].to_owned()
}

async fn enter(world: &World, mobile: &str, code: &str, id_tail: &str) -> Value {
    let entry = json!({"mobile": mobile, "code": code, "id_tail": id_tail});
    world.set("/bureau/sms/confirm", entry).await
}

#[tokio::test]
async fn each_person_enters_a_code_of_their_own() {
    let world = waiting().await;
    let first = code_on(&world, ORGANISER_MOBILE).await;
    let second = code_on(&world, WEBSITE_MOBILE).await;
    let nobody = enter(&world, "13900000000", &first, ORGANISER_TAIL).await;
    assert_eq!(nobody["message"], "暂无待短信核验的备案申请");
    let wrong_tail = enter(&world, ORGANISER_MOBILE, &first, "000000").await;
    assert_eq!(wrong_tail["message"], "该条验证库里找不到记录");
    let passed = enter(&world, ORGANISER_MOBILE, &first, ORGANISER_TAIL).await;
    assert_eq!(passed["message"], "短信核验完成，请等待其他核验人");
    let again = enter(&world, ORGANISER_MOBILE, &first, ORGANISER_TAIL).await;
    assert_eq!(again["result"], "nothing_pending");
    let done = enter(&world, WEBSITE_MOBILE, &second, WEBSITE_TAIL).await;
    assert_eq!(done["result"], "completed");
    world.wait_for("example1.cn", "approved").await;
}

#[tokio::test]
async fn one_number_gets_one_code() {
    let world = World::start(fast()).await;
    let document = Document { website_mobile: ORGANISER_MOBILE.to_owned(), ..Document::new(1) };
    assert_eq!(world.result_codes(1, &document.xml()).await, ["1001"]);
    let phone = world.get(&format!("/phones/{ORGANISER_MOBILE}")).await;
    assert_eq!(phone["messages"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_sixth_wrong_entry_returns_the_filing() {
    let world = waiting().await;
    for _ in 0..5 {
        let wrong = enter(&world, WEBSITE_MOBILE, "wrong", WEBSITE_TAIL).await;
        assert_eq!(wrong["result"], "not_found");
    }
    let sixth = enter(&world, WEBSITE_MOBILE, "wrong", WEBSITE_TAIL).await;
    assert_eq!(sixth["result"], "returned");
    world.wait_for("example1.cn", "returned_sms_wrong").await;
    let download = world.next_download().await;
    assert_eq!(result_codes(&download), ["1999"]);
    assert!(download.to_xml().contains("短信核验错误次数超限，自动退回"));
}

#[tokio::test]
async fn the_window_ends_with_the_sandbox_clock() {
    let world = waiting().await;
    let almost = 24 * 3_600_000 - 60_000;
    world.set("/clock/advance", json!({"ms": almost})).await;
    let seen = world.get("/bureau/filings/example1.cn").await;
    assert_eq!(seen["state"], "awaiting_sms");
    world.set("/clock/advance", json!({"ms": 60_000})).await;
    let seen = world.get("/bureau/filings/example1.cn").await;
    assert_eq!(seen["state"], "returned_sms_timeout", "at once, not later");
    let download = world.next_download().await;
    assert_eq!(result_codes(&download), ["1999"]);
    assert!(download.to_xml().contains("短信核验超时，自动退回"));

    // Nothing stays occupied: the same filing goes through when people answer.
    world.set("/people", json!({"mobile": "*", "answers": true})).await;
    assert_eq!(world.result_codes(2, &Document::new(1).xml()).await, ["1001"]);
    let seen = world.wait_for("example1.cn", "approved").await;
    assert_eq!(seen["records_received"], 2);
}

#[tokio::test]
async fn who_begins_to_answer_answers_what_waits() {
    let world = waiting().await;
    for mobile in [ORGANISER_MOBILE, WEBSITE_MOBILE] {
        world.set("/people", json!({"mobile": mobile, "answers": true})).await;
    }
    world.wait_for("example1.cn", "approved").await;
}

#[tokio::test]
async fn a_scripted_rejection_happens_once() {
    let world = World::start(fast()).await;
    let script = json!({"domain": "example1.cn", "reject_once": {"code": 1020, "text": "网站名称冲突"}});
    world.set("/bureau/script", script).await;
    assert_eq!(world.code(&world.upload(1, &Document::new(1).xml())).await, "0");
    let download = world.next_download().await;
    assert_eq!(result_codes(&download), ["1020"]);
    let results = download.child("ICP").unwrap().child("BAJG").unwrap();
    assert_eq!(results.text_at("GJSHS/Gjsh/Shjg"), Some("0"));
    assert_eq!(results.text_at("GJSHS/Gjsh/Shyj"), Some("网站名称冲突"));
    assert!(download.child("ICP").unwrap().child("BASJ").is_none());
    assert_eq!(world.result_codes(2, &Document::new(1).xml()).await, ["1001"]);
}

#[tokio::test]
async fn the_codes_follow_from_the_seed() {
    let code_with = async |seed| {
        let world = World::start(Config { seed, ..fast() }).await;
        assert_eq!(world.result_codes(1, &Document::new(1).xml()).await, ["1001"]);
        code_on(&world, ORGANISER_MOBILE).await
    };
    assert_eq!(code_with(7).await, code_with(7).await);
    assert_ne!(code_with(7).await, code_with(8).await);
}

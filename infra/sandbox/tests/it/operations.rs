//! Operations on what is on record, in the form of V3.0: their codes, who is asked by SMS, what is answered.

use icp_sandbox::bureau::xml::Element;
use serde_json::{Value, json};

use crate::provider::{Document, ORGANISER_MOBILE, WEBSITE_MOBILE, World, credit_code, fast, result_codes};

const PROVIDER: &str = "440000000001";

/// A sandbox with a client that counts its uploads.
struct Bureau {
    world: World,
    sequence: u32,
}

impl Bureau {
    async fn start() -> Self {
        Self { world: World::start(fast()).await, sequence: 0 }
    }

    /// Uploads one block and returns the document of its answers.
    async fn report(&mut self, block: &str) -> Element {
        self.upload(block).await;
        self.world.next_download().await
    }

    async fn upload(&mut self, block: &str) {
        self.sequence += 1;
        let document = format!(
            "<?xml version=\"1.0\" encoding=\"GBK\"?><UploadData version=\"V.3.0\"><ICP>{block}\
             <Qqdwid>{PROVIDER}</Qqdwid></ICP></UploadData>"
        );
        assert_eq!(self.world.code(&self.world.upload(self.sequence, &document)).await, "0");
    }

    async fn codes(&mut self, block: &str) -> Vec<String> {
        result_codes(&self.report(block).await)
    }

    /// The first filing of [`Document`] `number`, and its filed data.
    async fn file(&mut self, number: u32) -> Element {
        let download = self.report(&format!("<XZBA>{}</XZBA>", Document::new(number).record())).await;
        assert_eq!(result_codes(&download), ["1001"]);
        filed(&download)
    }

    /// A record of another provider; its organiser's number and those of its services.
    async fn seed(&self, number: u32, websites: usize) -> (String, Vec<String>) {
        let person = |mobile: &str| {
            json!({"name": "丙", "mobile": mobile, "email": "c@example.cn",
                   "id": {"kind": 2, "number": "440308199901101512"}})
        };
        let services: Vec<Value> = (0..websites)
            .map(|index| {
                json!({"name": format!("他处网站{index}"), "domains": [format!("seed{number}-{index}.cn")],
                       "principal": person("13900000002")})
            })
            .collect();
        let record = json!({"name": "他处示例公司", "nature": 4,
            "certificate": {"kind": 1, "number": credit_code(number)}, "province_code": 440_000, "city_code": 440_100,
            "address": "示例路2号", "principal": person("13900000001"), "services": services});
        let seeded = self.world.set("/bureau/records", record).await;
        let services = seeded["service_numbers"].as_array().unwrap();
        let services = services.iter().map(|it| it.as_str().unwrap().to_owned()).collect();
        (seeded["organiser_number"].as_str().unwrap().to_owned(), services)
    }

    async fn messages(&self, mobile: &str) -> usize {
        let phone = self.world.get(&format!("/phones/{mobile}")).await;
        phone["messages"].as_array().map_or(0, Vec::len)
    }
}

fn filed(download: &Element) -> Element {
    download.child("ICP").unwrap().child("BASJ").unwrap().child("Baxx").unwrap().clone()
}

fn new_service(number: &str, name: &str, domain: &str) -> String {
    let record = Document { domain: domain.to_owned(), ..Document::new(77) }.record();
    let (_, service) = record.split_once("</Zt_xx>").unwrap();
    let (service, _) = service.split_once("<Fj>").unwrap();
    let service = service.replace("示例科技77", name);
    format!("<XZWZ><Xzxx><Zt_xx><Ztbah>{number}</Ztbah></Zt_xx>{service}</Xzxx></XZWZ>")
}

fn new_access(number: &str) -> String {
    format!(
        "<XZJR><Xzxx><Wz_xx><Wzbah>{number}</Wzbah></Wz_xx><IspJrid>88</IspJrid><Wzfb><Fbdd>5</Fbdd></Wzfb>\
         <Wzjrfs><Jrfs>5</Jrfs></Wzjrfs><Ip_xx><IspIpid>89</IspIpid><Qsip>3221225999</Qsip><Zzip>3221225999</Zzip></Ip_xx>\
         </Xzxx></XZJR>"
    )
}

fn cancellation(kind: u32, id: &str) -> String {
    format!("<ZXBA><Zx_xx><Zxlb>{kind}</Zxlb><Jlid>{id}</Jlid><Zxly>1</Zxly></Zx_xx></ZXBA>")
}

/// The filed data as a change, with one text replaced.
fn change(filed: &Element, from: &str, to: &str) -> String {
    let mut record = filed.clone();
    let frame = ["IspZtid", "IspWzid", "Bbyhlx", "Scbbsj", "Zjxgsj", "Shrxm", "Shsj"];
    for part in &mut record.children {
        part.children.retain(|child| !frame.contains(&child.name.as_str()));
        for access in part.children.iter_mut().filter(|child| child.name == "Jr_xx") {
            access.children.retain(|child| !matches!(child.name.as_str(), "IspJrid" | "Ispid"));
        }
    }
    let text: String = record.children.iter().map(Element::to_xml).collect();
    assert!(text.contains(from), "{from} is not in {text}");
    format!("<BGBA><Bgxx>{}</Bgxx></BGBA>", text.replace(from, to))
}

#[tokio::test]
async fn a_record_that_an_officer_corrected_is_sent_again_whole() {
    let mut bureau = Bureau::start().await;
    let number = bureau.file(1).await.text_at("Zt_xx/Baxh").unwrap().to_owned();
    let path = format!("/bureau/records/{number}/correction");
    let names = json!({"organiser_name": "更名公司", "service_names": {format!("{number}-1"): "更正的名称"}});
    assert_eq!(bureau.world.set(&path, names).await["sent_to"], 440_000_000_001_u64);
    let download = bureau.world.next_download().await;
    let record = download.child("SJTB").unwrap().child("ICP").unwrap().child("BASJ").unwrap().child("Baxx").unwrap();
    assert_eq!((record.text_at("Zt_xx/Dwmc"), record.text_at("Wz_xx/Wzmc")), (Some("更名公司"), Some("更正的名称")));
    assert_eq!(record.text_at("Wz_xx/Ym_xx/Ym"), Some("example1.cn"));

    bureau.world.set(&path, json!({"organiser_name": "更名公司二", "sent_as": "BASJ"})).await;
    let download = bureau.world.next_download().await;
    let record = download.child("ICP").unwrap().child("BASJ").unwrap().child("Baxx").unwrap();
    assert_eq!(record.text_at("Zt_xx/Dwmc"), Some("更名公司二"));

    let unknown = json!({"service_names": {"粤ICP备2020999999号-1": "甲"}});
    assert_eq!(bureau.world.post(&path, unknown).await.0, 409);
    let (elsewhere, _) = bureau.seed(2, 1).await;
    let refused = bureau.world.post(&format!("/bureau/records/{elsewhere}/correction"), json!({})).await;
    assert_eq!(refused.0, 409, "its provider has no account here");
}

#[tokio::test]
async fn a_new_service_gets_the_next_number_of_its_organiser() {
    let mut bureau = Bureau::start().await;
    let first = bureau.file(1).await;
    let number = first.text_at("Zt_xx/Baxh").unwrap().to_owned();
    assert_eq!(bureau.codes(&new_service("粤ICP备2020999999号", "新站", "new.cn")).await, ["1016"]);
    assert_eq!(bureau.codes(&new_service(&number, "示例科技1", "new.cn")).await, ["1020"]);
    assert_eq!(bureau.codes(&new_service(&number, "新站", "example1.cn")).await, ["1005"]);
    let download = bureau.report(&new_service(&number, "新站", "new.cn")).await;
    let results = download.child("ICP").unwrap().child("BAJG").unwrap();
    assert_eq!(results.text_at("Jg_xx/Bs"), Some(number.as_str()));
    assert_eq!(results.text_at("GJSHS/Gjsh/Jlid"), Some("2000077"), "the review names the new service");
    let filed = filed(&download);
    assert_eq!(filed.text_at("Wz_xx/Baxh"), Some(format!("{number}-2").as_str()));
    assert_eq!(filed.text_at("Zt_xx/Ztid"), first.text_at("Zt_xx/Ztid"));
    assert_eq!(filed.all("Wz_xx").count(), 1, "only the new service is told");
}

#[tokio::test]
async fn an_access_joins_the_others_and_only_its_service_is_asked() {
    let mut bureau = Bureau::start().await;
    let (_, services) = bureau.seed(5, 1).await;
    let download = bureau.report(&new_access(&services[0])).await;
    assert_eq!(result_codes(&download), ["1001"]);
    assert_eq!((bureau.messages("13900000001").await, bureau.messages("13900000002").await), (0, 1));
    let filed = filed(&download);
    let service = filed.child("Wz_xx").unwrap();
    let providers: Vec<_> = service.all("Jr_xx").filter_map(|it| it.text_at("Ispid")).collect();
    assert_eq!(providers, ["999000000001", PROVIDER]);
    assert_eq!(service.text_at("Baxh"), Some(services[0].as_str()));
    assert_eq!(bureau.codes(&new_access(&services[0])).await, ["1029"]);

    // The other provider's access is not ours to cancel; ours is, and nobody is asked.
    let id = |access: Option<&Element>| access.unwrap().text_at("Jrid").unwrap().to_owned();
    let (other, own) = (id(service.all("Jr_xx").next()), id(service.all("Jr_xx").nth(1)));
    assert_eq!(bureau.codes(&cancellation(2, &other)).await, ["1047"]);
    let done = bureau.report(&cancellation(2, &own)).await;
    assert_eq!(result_codes(&done), ["1001"]);
    assert!(done.child("ICP").unwrap().child("BAJG").unwrap().child("GJSHS").is_none(), "no review");
    assert_eq!(bureau.messages("13900000002").await, 1);
    assert_eq!(bureau.codes(&cancellation(2, &own)).await, ["1016"]);
}

#[tokio::test]
async fn the_last_access_stays() {
    let mut bureau = Bureau::start().await;
    let filed = bureau.file(1).await;
    let access = filed.text_at("Wz_xx/Jr_xx/Jrid").unwrap();
    assert_eq!(bureau.codes(&cancellation(2, access)).await, ["1025"]);
}

#[tokio::test]
async fn a_change_asks_those_whose_data_changes() {
    let mut bureau = Bureau::start().await;
    let first = bureau.file(1).await;
    let before = (bureau.messages(ORGANISER_MOBILE).await, bureau.messages(WEBSITE_MOBILE).await);
    assert_eq!(before, (1, 1));

    let download = bureau.report(&change(&first, "示例科技有限公司1", "新名称有限公司")).await;
    assert_eq!(result_codes(&download), ["1001"]);
    let now = filed(&download);
    assert_eq!(now.text_at("Zt_xx/Dwmc"), Some("新名称有限公司"));
    assert_eq!(now.text_at("Zt_xx/Baxh"), first.text_at("Zt_xx/Baxh"));
    assert_eq!((bureau.messages(ORGANISER_MOBILE).await, bureau.messages(WEBSITE_MOBILE).await), (2, 1));

    let download = bureau.report(&change(&now, "3221225985", "3221225990")).await;
    let moved = filed(&download);
    assert_eq!(moved.text_at("Wz_xx/Jr_xx/Ip_xx/Qsip"), Some("3221225990"));
    assert_eq!(moved.text_at("Wz_xx/Jr_xx/Jrid"), first.text_at("Wz_xx/Jr_xx/Jrid"));
    assert_ne!(moved.text_at("Wz_xx/Jr_xx/Ip_xx/Ipid"), first.text_at("Wz_xx/Jr_xx/Ip_xx/Ipid"));
    assert_eq!((bureau.messages(ORGANISER_MOBILE).await, bureau.messages(WEBSITE_MOBILE).await), (2, 2));

    assert_eq!(bureau.codes(&change(&moved, "<Syurl>", "<Wz_Bz>备注</Wz_Bz><Syurl>")).await, ["1001"]);
    assert_eq!(
        (bureau.messages(ORGANISER_MOBILE).await, bureau.messages(WEBSITE_MOBILE).await),
        (2, 2),
        "a remark asks nobody"
    );
    let province = change(&moved, "<Shengid>440000</Shengid><Shiid>440100", "<Shengid>330000</Shengid><Shiid>330100");
    assert_eq!(bureau.codes(&province).await, ["1046"]);
    let id = first.text_at("Zt_xx/Ztid").unwrap();
    assert_eq!(bureau.codes(&change(&moved, &format!("<Ztid>{id}"), "<Ztid>1")).await, ["1016"]);
}

#[tokio::test]
async fn deregistration_removes_and_what_is_gone_says_so() {
    let mut bureau = Bureau::start().await;
    let filed = bureau.file(1).await;
    let (organiser, service) = (filed.text_at("Zt_xx/Ztid").unwrap(), filed.text_at("Wz_xx/Wzid").unwrap());
    let no_reason = cancellation(1, service).replace("<Zxly>1</Zxly>", "");
    assert_eq!(bureau.codes(&no_reason).await, ["1026"]);
    let done = bureau.report(&cancellation(1, service)).await;
    assert_eq!(result_codes(&done), ["1001"]);
    assert!(done.child("ICP").unwrap().child("BASJ").is_none());
    assert_eq!(bureau.codes(&cancellation(1, service)).await, ["1050"]);
    let query = bureau.world.call("isp_querybeianstatus").with("queryConditionType", "0");
    let status = bureau.world.send(&query.with("queryCondition", "example1.cn")).await.unwrap();
    assert_eq!(status.text_at("StatusInfo/Bazt"), Some("1"));
    assert_eq!(bureau.codes(&cancellation(0, organiser)).await, ["1001"]);
    assert_eq!(bureau.codes(&cancellation(0, organiser)).await, ["1049"]);
    let number = filed.text_at("Zt_xx/Baxh").unwrap();
    assert_eq!(bureau.codes(&new_service(number, "新站", "new.cn")).await, ["1049"]);
    // Domain and certificate are free again.
    bureau.file(1).await;
}

#[tokio::test]
async fn only_who_connects_a_record_may_act_on_it() {
    let mut bureau = Bureau::start().await;
    let (number, services) = bureau.seed(5, 1).await;
    let url = bureau.world.url(&format!("/bureau/records/{number}"));
    let text = bureau.world.http.get(url).send().await.unwrap().text().await.unwrap();
    let filed = Element::parse(&text).unwrap();
    assert_eq!(filed.text_at("Wz_xx/Baxh"), Some(services[0].as_str()));
    let organiser = filed.text_at("Zt_xx/Ztid").unwrap();
    assert_eq!(bureau.codes(&cancellation(0, organiser)).await, ["1048"]);
    assert_eq!(bureau.codes(&cancellation(1, filed.text_at("Wz_xx/Wzid").unwrap())).await, ["1048"]);
    assert_eq!(bureau.codes(&cancellation(2, filed.text_at("Wz_xx/Jr_xx/Jrid").unwrap())).await, ["1047"]);
}

#[tokio::test]
async fn what_is_open_stands_in_the_way_with_its_own_code() {
    let mut bureau = Bureau::start().await;
    let filed = bureau.file(1).await;
    let (_, seeded) = bureau.seed(5, 1).await;
    bureau.world.set("/people", json!({"mobile": "*", "answers": false})).await;
    let (organiser, service) = (filed.text_at("Zt_xx/Ztid").unwrap(), filed.text_at("Wz_xx/Wzid").unwrap());
    let number = filed.text_at("Zt_xx/Baxh").unwrap();

    bureau.upload(&new_access(&seeded[0])).await;
    assert_eq!(bureau.codes(&new_access(&seeded[0])).await, ["1038"]);

    bureau.upload(&cancellation(1, service)).await;
    assert_eq!(bureau.codes(&cancellation(1, service)).await, ["1030"]);
    assert_eq!(bureau.codes(&cancellation(0, organiser)).await, ["1043"]);
    assert_eq!(bureau.codes(&new_service(number, "新站", "new.cn")).await, ["1003"]);

    let second = Bureau { world: World::start(fast()).await, sequence: 0 };
    let mut bureau = second;
    let filed = bureau.file(1).await;
    bureau.world.set("/people", json!({"mobile": "*", "answers": false})).await;
    let (organiser, service) = (filed.text_at("Zt_xx/Ztid").unwrap(), filed.text_at("Wz_xx/Wzid").unwrap());
    let number = filed.text_at("Zt_xx/Baxh").unwrap();
    bureau.upload(&cancellation(0, organiser)).await;
    assert_eq!(bureau.codes(&cancellation(0, organiser)).await, ["1027"]);
    assert_eq!(bureau.codes(&cancellation(1, service)).await, ["1042"]);
    assert_eq!(bureau.codes(&change(&filed, "示例科技有限公司1", "新名称有限公司")).await, ["1003"]);

    let mut bureau = Bureau { world: World::start(fast()).await, sequence: 0 };
    let filed_third = bureau.file(1).await;
    bureau.world.set("/people", json!({"mobile": "*", "answers": false})).await;
    bureau.upload(&change(&filed_third, "示例科技有限公司1", "新名称有限公司")).await;
    assert_eq!(bureau.codes(&change(&filed_third, "示例科技有限公司1", "另一名称公司")).await, ["1017"]);
    assert_eq!(bureau.codes(&new_service(number, "新站", "new.cn")).await, ["1017"]);
}

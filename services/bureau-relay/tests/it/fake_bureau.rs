//! A bureau in memory: takes uploads by the rules of the interface, answers as scripted, hands files out.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use icp_relay::wire::charset::{decode_xml, gbk_xml};
use icp_relay::wire::dialect::Interface;
use icp_relay::wire::envelope::{ContentKey, PackedFile, beian_info, md5_base64, pwd_hash, zip_one};
use icp_relay::wire::xml::{Element, escape_into};

pub const ISP_ID: i64 = 330_000_000_001;
pub const PASSWORD: &str = "密码1234";
pub const KEY: &str = "ABCDEFGHIJKLMNOP";
pub const IV: &str = "0102030405060708";

/// What happens to one call of an operation; afterwards things are normal again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing special.
    None,
    /// The call has no effect and no answer.
    RequestLost,
    /// The call has its effect, the answer is lost.
    AnswerLost,
    /// The call has no effect and this code comes back.
    Code(u16),
    /// The call has its effect and code 999 comes back.
    EffectAndUnclear,
    /// A download whose hash is wrong.
    WrongHash,
}

/// What the bureau decides about a filing, by a word in the organiser's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenUpload {
    pub sequence: u32,
    pub hash: String,
    pub entry_name: String,
    pub file: PackedFile,
    /// (IspZtid, IspWzid of all services, name) per filing.
    pub filings: Vec<(i64, Vec<i64>, String)>,
}

#[derive(Default)]
pub struct Inner {
    pub first_sequence: u32,
    pub taken: Vec<TakenUpload>,
    pub upload_calls: Vec<u32>,
    pub waiting: VecDeque<(String, String)>,
    pub acknowledged: Vec<String>,
    pub upload_faults: VecDeque<Fault>,
    pub download_faults: VecDeque<Fault>,
    pub acknowledge_faults: VecDeque<Fault>,
    pub query_faults: VecDeque<Fault>,
    /// Whether results are made for each upload as soon as it is taken.
    pub decides_at_once: bool,
    /// Largest number of filings that is taken in one file (code 18 beyond).
    pub max_filings: usize,
    next_file: u32,
    next_number: u32,
}

#[derive(Clone)]
pub struct FakeBureau {
    pub inner: Arc<Mutex<Inner>>,
    pub url: String,
}

impl FakeBureau {
    pub async fn start() -> Self {
        let inner = Arc::new(Mutex::new(Inner {
            decides_at_once: true,
            max_filings: 1_000,
            next_number: 1,
            ..Inner::default()
        }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { inner, url }
    }

    pub fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.inner.lock().unwrap())
    }

    /// Names of the organisers in upload order.
    pub fn names(&self) -> Vec<String> {
        self.with(|b| b.taken.iter().flat_map(|u| u.filings.iter().map(|f| f.2.clone())).collect())
    }
}

impl Inner {
    fn last(&self) -> u32 {
        self.taken.last().map_or(self.first_sequence, |upload| upload.sequence)
    }

    /// Puts a document into the download queue.
    pub fn hand_out(&mut self, icp: &str) {
        self.hand_out_data(&format!("<ICP>{icp}</ICP>"));
    }

    /// The same with any group.
    pub fn hand_out_data(&mut self, data: &str) {
        self.next_file += 1;
        let name = format!("20240102030405_zj_{}.xml", self.next_file);
        let document =
            format!("<?xml version=\"1.0\" encoding=\"GBK\"?><DownloadData version=\"V.3.0\">{data}</DownloadData>");
        self.waiting.push_back((name, document));
    }

    fn upload(&mut self, call: &Element) -> String {
        let text = |name: &str| call.text_of(name).unwrap_or_default().to_owned();
        let sequence: u32 = text("dataSequence").parse().unwrap();
        self.upload_calls.push(sequence);
        let file = PackedFile {
            file_name: "upload".into(),
            hash_algorithm: text("hashAlgorithm").parse().unwrap(),
            compression_format: text("compressionFormat").parse().unwrap(),
            encrypt_algorithm: text("encryptAlgorithm").parse().unwrap(),
            beian_info: text("beianInfo"),
            beian_info_hash: text("beianInfoHash"),
        };
        let Ok(unpacked) = file.unpack(&ContentKey::from_text(KEY, IV).unwrap()) else { return status(7) };
        let next = self.last() + 1;
        if sequence != next {
            let missing: Vec<u32> = if sequence > next { (next..sequence).collect() } else { vec![next] };
            let list: String = missing.iter().map(|n| format!("<dataSequence>{n}</dataSequence>")).collect();
            return format!(
                "<return><msg_code>14</msg_code><msg>有漏报</msg><dataSequences>{list}</dataSequences></return>"
            );
        }
        let root = Element::parse(decode_xml(&unpacked.entry.document).unwrap().as_ref()).unwrap();
        assert_eq!(root.find("Qqdwid").unwrap().text, ISP_ID.to_string());
        let filings: Vec<_> = root
            .find("XZBA")
            .unwrap()
            .children_named("Baxx")
            .map(|record| {
                let organiser = record.child("Zt_xx").unwrap();
                let services = record
                    .children_named("Wz_xx")
                    .map(|service| service.text_of("IspWzid").unwrap().parse().unwrap())
                    .collect::<Vec<i64>>();
                (
                    organiser.text_of("IspZtid").unwrap().parse().unwrap(),
                    services,
                    organiser.text_of("Dwmc").unwrap().to_owned(),
                )
            })
            .collect();
        if filings.len() > self.max_filings {
            return status(18);
        }
        let entry_name = unpacked.entry.name.trim_end_matches(".xml").to_owned();
        let upload = TakenUpload { sequence, hash: unpacked.hash, entry_name, file, filings };
        if self.decides_at_once {
            self.decide(&upload);
        }
        self.taken.push(upload);
        status(0)
    }

    /// Makes the results of an upload; words in the organiser's name choose them.
    pub fn decide(&mut self, upload: &TakenUpload) {
        if upload.filings.iter().any(|(_, _, name)| name.contains("违规格式")) {
            self.hand_out(&format!(
                "<BAJG><Jg_xx><Jgxx><Jgdm>5001</Jgdm><Dmms>XSD不符：{}.xml</Dmms></Jgxx></Jg_xx></BAJG>",
                upload.entry_name
            ));
            return;
        }
        for (id, services, name) in &upload.filings {
            if name.contains("拒绝") {
                self.hand_out(&format!(
                    "<BAJG><Jg_xx><Jgxx><Jgdm>1002</Jgdm><Dmms>网站名称不规范</Dmms></Jgxx><Czlx>1</Czlx><Bs>{id}</Bs></Jg_xx></BAJG>"
                ));
                continue;
            }
            if name.contains("超时") {
                self.hand_out(&format!(
                    "<BAJG><GJSHS><Gjsh><Shyj>短信核验超时，自动退回</Shyj><Shjg>0</Shjg><Czlx>1</Czlx><Jlid>{id}</Jlid></Gjsh></GJSHS></BAJG>"
                ));
                continue;
            }
            let number = format!("浙ICP备{:08}号", self.next_number);
            self.next_number += 1;
            self.hand_out(&format!(
                "<BAJG><Jg_xx><Jgxx><Jgdm>1062</Jgdm></Jgxx><Jgxx><Jgdm>1001</Jgdm></Jgxx><Czlx>1</Czlx><Bs>{id}</Bs></Jg_xx></BAJG>"
            ));
            let sites: String = services
                .iter()
                .enumerate()
                .map(|(index, site)| {
                    format!(
                        "<Wz_xx><IspWzid>{site}</IspWzid><Wzid>{}</Wzid><Baxh>{number}-{}</Baxh></Wz_xx>",
                        site + 910_000,
                        index + 1
                    )
                })
                .collect();
            self.hand_out(&format!(
                "<BASJ><Baxx><Zt_xx><IspZtid>{id}</IspZtid><Ztid>{}</Ztid><Baxh>{number}</Baxh></Zt_xx>{sites}</Baxx></BASJ>",
                id + 900_000
            ));
        }
    }

    fn download(&self, wrong_hash: bool) -> String {
        let Some((name, document)) = self.waiting.front() else { return status(2) };
        let container = zip_one(name, &gbk_xml(document)).unwrap();
        let info = beian_info(&container, ContentKey::from_text(KEY, IV).as_ref());
        let lines: Vec<&str> = info.as_bytes().chunks(76).map(|c| std::str::from_utf8(c).unwrap()).collect();
        let hash = if wrong_hash { md5_base64(b"other") } else { md5_base64(&container) };
        format!(
            "<return><msg_code>0</msg_code><msg>ok</msg><fileInfos><hashAlgorithm>0</hashAlgorithm><compressionFormat>0</compressionFormat><encryptAlgorithm>1</encryptAlgorithm><return_FileName>{name}</return_FileName><beianInfo>{}</beianInfo><beianInfoHash>{hash}</beianInfoHash></fileInfos></return>",
            lines.join("\n")
        )
    }

    fn acknowledge(&mut self, call: &Element) -> String {
        let name = call.text_of("fileName").unwrap_or_default().to_owned();
        if self.waiting.front().is_some_and(|(waiting, _)| *waiting == name) {
            self.waiting.pop_front();
        }
        self.acknowledged.push(name);
        status(if self.waiting.is_empty() { 1 } else { 3 })
    }

    fn previous(&self) -> String {
        let (sequence, file, hash) = match self.taken.last() {
            Some(upload) => (upload.sequence, upload.file.beian_info.clone(), upload.hash.clone()),
            None => (self.first_sequence, String::new(), String::new()),
        };
        format!(
            "<return><msg_code>0</msg_code><msg>ok</msg><fileInfos><hashAlgorithm>0</hashAlgorithm><compressionFormat>0</compressionFormat><encryptAlgorithm>1</encryptAlgorithm><dataSequence>{sequence}</dataSequence><return_FileName>upload</return_FileName><beianInfo>{file}</beianInfo><beianInfoHash>{hash}</beianInfoHash></fileInfos></return>"
        )
    }
}

fn status(code: u16) -> String {
    format!("<return><msg_code>{code}</msg_code><msg>text</msg></return>")
}

async fn answer(State(inner): State<Arc<Mutex<Inner>>>, body: String) -> Response {
    let envelope = Element::parse(&body).unwrap();
    let call = &envelope.child("Body").unwrap().children[0];
    let mut inner = inner.lock().unwrap();
    let expected = pwd_hash(Interface::V3_0, PASSWORD, call.text_of("randVal").unwrap()).unwrap();
    let (fault, document) = if call.text_of("pwdHash") != Some(expected.as_str()) {
        (Fault::None, status(5))
    } else {
        serve(&mut inner, call)
    };
    if matches!(fault, Fault::RequestLost | Fault::AnswerLost) {
        return (StatusCode::BAD_GATEWAY, "<html>bad gateway</html>").into_response();
    }
    let mut escaped = String::new();
    escape_into(&document, &mut escaped);
    format!(
        "<S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\"><S:Body><r:response xmlns:r=\"x\"><return>{escaped}</return></r:response></S:Body></S:Envelope>"
    )
    .into_response()
}

fn serve(inner: &mut Inner, call: &Element) -> (Fault, String) {
    let faults = match call.name.as_str() {
        "isp_upload" => &mut inner.upload_faults,
        "isp_download" => &mut inner.download_faults,
        "isp_downloadack" => &mut inner.acknowledge_faults,
        "isp_querypreviousupload" => &mut inner.query_faults,
        other => panic!("unexpected operation {other}"),
    };
    let fault = faults.pop_front().unwrap_or(Fault::None);
    match fault {
        Fault::RequestLost => return (fault, String::new()),
        Fault::Code(code) => return (fault, status(code)),
        _ => {}
    }
    let document = match call.name.as_str() {
        "isp_upload" => inner.upload(call),
        "isp_download" => inner.download(fault == Fault::WrongHash),
        "isp_downloadack" => inner.acknowledge(call),
        _ => inner.previous(),
    };
    if fault == Fault::EffectAndUnclear {
        return (fault, status(999));
    }
    (fault, document)
}

//! A provider's side of the interface, small and strict, and the documents it sends.

use std::time::{Duration, Instant};

use icp_sandbox::bureau::codec;
use icp_sandbox::bureau::interface::Interface;
use icp_sandbox::bureau::xml::Element;
use icp_sandbox::{AccountSpec, Config, Running};
use serde_json::{Value, json};

pub const RANDOM: &str = "0123456789abcdefghij";
pub const ORGANISER_MOBILE: &str = "13800000001";
pub const WEBSITE_MOBILE: &str = "13800000002";

/// A started sandbox with a client for it.
pub struct World {
    pub sandbox: Running,
    pub account: AccountSpec,
    pub http: reqwest::Client,
}

/// Nothing waits longer than it must.
pub fn fast() -> Config {
    Config { bureau_check_ms: 0, sms_answer_ms: 0, bureau_review_ms: 0, ..Config::default() }
}

impl World {
    pub async fn start(config: Config) -> Self {
        // Another test may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let account = config.accounts.first().unwrap().clone();
        Self { sandbox: icp_sandbox::start(config).await.unwrap(), account, http: reqwest::Client::new() }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.sandbox.http)
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.http.get(self.url(path)).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.http.post(self.url(path)).body(body.to_string());
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap())
    }

    /// Asserts success.
    pub async fn set(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(path, body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub async fn send(&self, call: &Call) -> Result<Element, reqwest::Error> {
        let parameters: String =
            call.parameters.iter().map(|(name, value)| Element::with_text(name, value.as_str()).to_xml()).collect();
        let operation = call.operation;
        let envelope = format!(
            "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>\
             <q:{operation} xmlns:q='urn:any'>{parameters}</q:{operation}></s:Body></s:Envelope>"
        );
        let path = match operation {
            "isp_querybeianstatus" => "/BeianStatusWebService/queryBeianStatus",
            _ => "/ISPWebService/upDownLoad",
        };
        let request = self.http.post(self.url(path)).body(envelope);
        let text = request.send().await?.text().await?;
        let envelope = Element::parse(&text).unwrap();
        let path = format!("Body/{operation}Response/return");
        let result = envelope.text_at(&path).unwrap_or_else(|| panic!("{text}"));
        Ok(Element::parse(result).unwrap())
    }

    pub async fn code(&self, call: &Call) -> String {
        let result = self.send(call).await.unwrap();
        result.text_at("msg_code").unwrap().to_owned()
    }

    pub fn call(&self, operation: &'static str) -> Call {
        let hash = codec::password_hash(Interface::V3, &self.account.password, RANDOM);
        let parameters = [
            ("ispID", self.account.isp_id.to_string()),
            ("userName", self.account.user_name.clone()),
            ("randVal", RANDOM.to_owned()),
            ("pwdHash", hash),
            ("hashAlgorithm", "0".to_owned()),
        ];
        Call { operation, parameters: parameters.to_vec() }
    }

    pub fn upload(&self, sequence: u32, document: &str) -> Call {
        self.upload_bytes(sequence, &codec::to_gbk(document))
    }

    pub fn upload_bytes(&self, sequence: u32, document: &[u8]) -> Call {
        let archive = codec::zip_one("beianinfo.xml", document).unwrap();
        self.upload_archive(sequence, &archive)
    }

    pub fn upload_archive(&self, sequence: u32, archive: &[u8]) -> Call {
        let secret = codec::encrypt(&self.account.key, &self.account.iv, archive);
        self.call("isp_upload")
            .with("beianInfo", codec::base64_in_lines(&secret))
            .with("beianInfoHash", codec::md5_base64(archive))
            .with("dataSequence", sequence.to_string())
            .with("encryptAlgorithm", "1")
            .with("compressionFormat", "0")
    }

    /// Takes the archive out of an answer and checks its hash.
    pub fn open(&self, answer: &Element) -> (String, Element) {
        let infos = answer.child("fileInfos").unwrap();
        let content = infos.text_at("beianInfo").unwrap();
        let lines: Vec<&str> = content.lines().collect();
        assert!(lines.iter().all(|line| line.len() <= 76));
        let secret = codec::base64_decode(content).unwrap();
        let archive = codec::decrypt(&self.account.key, &self.account.iv, &secret).unwrap();
        assert_eq!(infos.text_at("beianInfoHash"), Some(codec::md5_base64(&archive).as_str()));
        let (name, document) = codec::unzip_one(&archive).unwrap();
        assert_eq!(infos.text_at("return_FileName"), Some(name.as_str()));
        let text = codec::from_gbk(&document).unwrap();
        (name, Element::parse(&text).unwrap())
    }

    /// Waits for the next file, acknowledges it, and returns its document.
    pub async fn next_download(&self) -> Element {
        let started = Instant::now();
        loop {
            let answer = self.send(&self.call("isp_download")).await.unwrap();
            if answer.child("fileInfos").is_some() {
                let (name, document) = self.open(&answer);
                let receipt = self.call("isp_downloadack").with("fileName", name);
                assert!(["1", "3"].contains(&self.code(&receipt).await.as_str()));
                return document;
            }
            assert_eq!(answer.text_at("msg_code"), Some("2"));
            assert!(started.elapsed() < Duration::from_secs(10), "no download came");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Uploads one record and returns the result codes of its first answer.
    pub async fn result_codes(&self, sequence: u32, document: &str) -> Vec<String> {
        assert_eq!(self.code(&self.upload(sequence, document)).await, "0");
        let download = self.next_download().await;
        result_codes(&download)
    }

    /// Waits until the filings with a domain look as wanted.
    pub async fn wait_for(&self, domain: &str, state: &str) -> Value {
        let started = Instant::now();
        loop {
            let seen = self.get(&format!("/bureau/filings/{domain}")).await;
            if seen["state"] == json!(state) {
                return seen;
            }
            assert!(started.elapsed() < Duration::from_secs(10), "still {seen}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// The codes of every result row.
pub fn result_codes(download: &Element) -> Vec<String> {
    let results = download.child("ICP").unwrap().child("BAJG").unwrap();
    results
        .all("Jg_xx")
        .flat_map(|row| row.all("Jgxx"))
        .filter_map(|code| code.text_at("Jgdm"))
        .map(str::to_owned)
        .collect()
}

/// A SOAP call in the making.
pub struct Call {
    operation: &'static str,
    parameters: Vec<(&'static str, String)>,
}

impl Call {
    /// Sets or replaces a parameter.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.parameters.retain(|(known, _)| *known != name);
        self.parameters.push((name, value.into()));
        self
    }
}

/// A first filing of a company; `number` keeps filings apart.
pub struct Document {
    pub number: u32,
    pub domain: String,
    pub uscc: String,
    pub province_code: u32,
    pub website_mobile: String,
}

impl Document {
    pub fn new(number: u32) -> Self {
        Self {
            number,
            domain: format!("example{number}.cn"),
            uscc: credit_code(number),
            province_code: 440_000,
            website_mobile: WEBSITE_MOBILE.to_owned(),
        }
    }

    pub fn record(&self) -> String {
        let Self { number: n, domain, uscc, province_code: province, website_mobile } = self;
        let city = province + 100;
        let picture = codec::base64_in_lines(&[0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff, 0xd9]);
        format!(
            "<Baxx><Zt_xx><IspZtid>1{n:06}</IspZtid><Dwmc>示例科技有限公司{n}</Dwmc><Dwxz>4</Dwxz>\
             <Txdz><Shengid>{province}</Shengid><Shiid>{city}</Shiid><Xxdz>示例路1号</Xxdz></Txdz>\
             <Zj><Zjlx>1</Zjlx><Zjhm>{uscc}</Zjhm><Zjzs>示例路1号</Zjzs></Zj>\
             <Fzr><Fzr_xm>甲</Fzr_xm><Fzr_dhhm>020-00000000</Fzr_dhhm><Fzr_sjhm>{ORGANISER_MOBILE}</Fzr_sjhm>\
             <Fzr_dzyj>a@example.cn</Fzr_dzyj><Fzr_zjlx>2</Fzr_zjlx><Fzr_zjhm>440308199901101512</Fzr_zjhm></Fzr>\
             <Bbfs>1</Bbfs></Zt_xx>\
             <Wz_xx><IspWzid>2{n:06}</IspWzid><Wzmc>示例科技{n}</Wzmc><Fwnr><Fwnr_id>8</Fwnr_id></Fwnr>\
             <Yylb><Yylb_id>1</Yylb_id></Yylb><Ym_xx><IspYmid>3{n:06}</IspYmid><Ym>{domain}</Ym></Ym_xx>\
             <Jr_xx><IspJrid>4{n:06}</IspJrid><Wzfb><Fbdd>5</Fbdd></Wzfb><Wzjrfs><Jrfs>5</Jrfs></Wzjrfs>\
             <Ip_xx><IspIpid>5{n:06}</IspIpid><Qsip>3221225985</Qsip><Zzip>3221225985</Zzip></Ip_xx></Jr_xx>\
             <Wz_Fzr><Fzr_xm>乙</Fzr_xm><Fzr_dhhm>020-00000000</Fzr_dhhm><Fzr_sjhm>{website_mobile}</Fzr_sjhm>\
             <Fzr_dzyj>b@example.cn</Fzr_dzyj><Fzr_zjlx>2</Fzr_zjlx><Fzr_zjhm>810000199408230021</Fzr_zjhm></Wz_Fzr>\
             <Syurl>www.{domain}</Syurl></Wz_xx>\
             <Fj><Fjxx><Fjwjgs>1</Fjwjgs><Fjyt>1</Fjyt><Fjnr>{picture}</Fjnr>\
             <Fjssdx><Ssdxlx>2</Ssdxlx><Ssdxbs>2{n:06}</Ssdxbs></Fjssdx></Fjxx></Fj></Baxx>"
        )
    }

    pub fn xml(&self) -> String {
        upload_document(&[self.record()])
    }
}

pub fn upload_document(records: &[String]) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"GBK\"?><UploadData version=\"V.3.0\"><ICP><XZBA>{}</XZBA>\
         <Qqdwid>440000000001</Qqdwid></ICP></UploadData>",
        records.concat()
    )
}

/// A credit code with a valid check character (GB 32100-2015).
pub fn credit_code(number: u32) -> String {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let body = format!("91440101{number:09}");
    let mut weight = 1;
    let mut sum = 0;
    for character in body.chars() {
        sum += ALPHABET.find(character).unwrap() * weight;
        weight = weight * 3 % 31;
    }
    let check = (31 - sum % 31) % 31;
    format!("{body}{}", ALPHABET.chars().nth(check).unwrap())
}

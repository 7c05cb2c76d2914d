//! The XML document of an upload, split into the records that are answered one by one.

use super::new_filing::{self, NewFiling};
use super::xml::Element;
use super::{Finding, codec};

/// Most records in one document.
const RECORDS_MAX: usize = 1000;
const VERSION: &str = "V.3.0";

/// A block of the document (interface document notes §8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// 新增备案, first filing.
    Xzba,
    /// 新增网站, new website.
    Xzwz,
    /// 新增接入, new access.
    Xzjr,
    /// 变更备案, change.
    Bgba,
    /// 注销, deregistration or end of access.
    Zxba,
    /// 核实结果, answer to a verification task.
    Hsjg,
    /// 未备案网站处理结果, answer on an unfiled website.
    Wbacljg,
    /// 单独提交核验材料, later verification material.
    Xzhyd,
}

const BLOCKS: [(&str, &str, Block); 8] = [
    ("XZBA", "Baxx", Block::Xzba),
    ("XZWZ", "Xzxx", Block::Xzwz),
    ("XZJR", "Xzxx", Block::Xzjr),
    ("BGBA", "Bgxx", Block::Bgba),
    ("ZXBA", "Zx_xx", Block::Zxba),
    ("HSJG", "Hsjgxx", Block::Hsjg),
    ("WBACLJG", "Clxx", Block::Wbacljg),
    ("XZHYD", "Fjxx", Block::Xzhyd),
];

impl Block {
    /// Operation type in the answer; the answers to tasks have none.
    fn operation_type(self, record: &Element) -> Option<u8> {
        match self {
            Self::Xzba => Some(1),
            Self::Xzwz => Some(2),
            Self::Xzjr => Some(3),
            Self::Bgba => Some(4),
            Self::Zxba => match record.text_at("Zxlb") {
                Some("0") => Some(6),
                Some("1") => Some(7),
                _ => Some(5),
            },
            Self::Xzhyd => Some(35),
            Self::Hsjg | Self::Wbacljg => None,
        }
    }

    /// The key by which the provider finds its record again (notes §8.6).
    fn correlation_key(self, record: &Element) -> Option<String> {
        let paths: &[&str] = match self {
            Self::Xzba => &["Zt_xx/IspZtid"],
            Self::Xzwz => &["Zt_xx/Ztbah", "Zt_xx/Ztid"],
            Self::Xzjr => &["IspJrid", "Wz_xx/Wzbah"],
            Self::Bgba => &["Zt_xx/Baxh", "Zt_xx/Ztid"],
            Self::Zxba => &["Jlid"],
            Self::Xzhyd => &["Fjssdx/Ssdxbs/Baxh", "Fjssdx/Ssdxbs/Jlid"],
            Self::Hsjg | Self::Wbacljg => &[],
        };
        let found = paths.iter().find_map(|path| record.text_at(path));
        found.map(str::to_owned)
    }
}

/// One record of an upload with what is wrong with it by itself.
#[derive(Debug)]
pub struct UploadedRecord {
    /// `Czlx` of its answers.
    pub operation_type: Option<u8>,
    /// `Bs` of its answers.
    pub correlation_key: Option<String>,
    /// The first filing, when it is one that could be read.
    pub new_filing: Option<Box<NewFiling>>,
    /// What is wrong; empty when the record may go on.
    pub findings: Vec<Finding>,
}

/// What the reading of a document depends on.
#[derive(Debug, Clone, Copy)]
pub struct ReadLimits {
    /// `ispId` of the account; `Qqdwid` must equal it.
    pub isp_id: u64,
    /// Largest attachment.
    pub attachment_max_bytes: usize,
}

/// Reads a document. A fault of the whole document becomes one record without a key.
pub fn read(file_name: &str, bytes: &[u8], limits: ReadLimits) -> Vec<UploadedRecord> {
    let broken = |detail: String| {
        let text = format!("{file_name}：不符合XSD：{detail}");
        vec![whole_file(Finding::new(5001, text))]
    };
    let Some(text) = codec::from_gbk(bytes) else {
        return broken("不是GBK编码".to_owned());
    };
    if let Some(other) = declared_encoding(&text).filter(|name| !is_gbk(name)) {
        return broken(format!("声明的编码为{other}，应为GBK"));
    }
    let root = match Element::parse(&text) {
        Ok(root) => root,
        Err(error) => return broken(error.to_string()),
    };
    if root.name != "UploadData" {
        return broken(format!("根元素为{}，应为UploadData", root.name));
    }
    let version_finding = (root.attribute("version") != Some(VERSION))
        .then(|| Finding::new(5004, format!("接口版本错误，应为{VERSION}")));
    let Some(icp) = root.child("ICP") else {
        let finding = match root.children.first() {
            Some(other) if matches!(other.name.as_str(), "IP" | "YM") => {
                Finding::new(5011, format!("功能未开放：{}", other.name))
            }
            _ => return broken("缺少ICP".to_owned()),
        };
        return vec![whole_file(finding)];
    };
    let sender_finding = match icp.text_at("Qqdwid") {
        None => Some(Finding::missing("Qqdwid")),
        Some(id) if id.parse() == Ok(limits.isp_id) => None,
        Some(_) => Some(Finding::new(5003, "Qqdwid与报备单位不一致")),
    };
    let file_findings: Vec<Finding> = version_finding.into_iter().chain(sender_finding).collect();

    let mut records = Vec::new();
    for block_element in &icp.children {
        let known = BLOCKS.iter().find(|(tag, _, _)| *tag == block_element.name);
        match known {
            Some((_, record_tag, block)) => {
                let elements = block_element.all(record_tag);
                records.extend(elements.map(|it| read_record(*block, it, &file_findings, limits)));
            }
            None if block_element.name == "Qqdwid" => {}
            None => return broken(format!("未知元素{}", block_element.name)),
        }
    }
    if records.is_empty() {
        return match file_findings.into_iter().next() {
            Some(finding) => vec![whole_file(finding)],
            None => broken("没有任何记录".to_owned()),
        };
    }
    if records.len() > RECORDS_MAX {
        return broken(format!("记录数{}超过{RECORDS_MAX}", records.len()));
    }
    records
}

fn read_record(block: Block, element: &Element, file_findings: &[Finding], limits: ReadLimits) -> UploadedRecord {
    let mut record = UploadedRecord {
        operation_type: block.operation_type(element),
        correlation_key: block.correlation_key(element),
        new_filing: None,
        findings: file_findings.to_vec(),
    };
    match block {
        Block::Xzba => {
            let (mut new_filing, findings) = new_filing::read(element, limits.attachment_max_bytes);
            new_filing.isp_id = limits.isp_id;
            record.new_filing = Some(Box::new(new_filing));
            record.findings.extend(findings);
        }
        _ => record.findings.push(Finding::new(5011, "功能未开放")),
    }
    record
}

fn whole_file(finding: Finding) -> UploadedRecord {
    UploadedRecord { operation_type: None, correlation_key: None, new_filing: None, findings: vec![finding] }
}

/// The encoding named in the XML declaration.
fn declared_encoding(text: &str) -> Option<&str> {
    let declaration = text.trim_start().strip_prefix("<?xml")?.split("?>").next()?;
    let (_, after) = declaration.split_once("encoding")?;
    let value = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|it| matches!(it, '"' | '\''))?;
    value.split(quote).nth(1)
}

fn is_gbk(encoding: &str) -> bool {
    ["GBK", "GB2312", "GB18030"].iter().any(|known| known.eq_ignore_ascii_case(encoding))
}

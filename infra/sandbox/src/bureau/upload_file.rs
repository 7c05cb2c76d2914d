//! The XML document of an upload, split into the records that are answered one by one.

use super::Finding;
use super::interface::Interface;
use super::request::{self, AnswerKeys, Request};
use super::xml::Element;

/// Most records in one document.
const RECORDS_MAX: usize = 1000;

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
    /// 变更主体 (V5.0).
    Bgzt,
    /// 变更服务 (V5.0).
    Bgwz,
    /// 变更接入 (V5.0).
    Bgjr,
    /// 服务迁移 (V5.0).
    Wzqy,
    /// 注销, deregistration or end of access.
    Zxba,
    /// 核实结果, answer to a verification task.
    Hsjg,
    /// 未备案网站处理结果, answer on an unfiled website.
    Wbacljg,
    /// 单独提交核验材料, later verification material.
    Xzhyd,
}

const BLOCKS: [(&str, &str, Block); 12] = [
    ("XZBA", "Baxx", Block::Xzba),
    ("XZWZ", "Xzxx", Block::Xzwz),
    ("XZJR", "Xzxx", Block::Xzjr),
    ("BGBA", "Bgxx", Block::Bgba),
    ("BGZT", "Bgxx", Block::Bgzt),
    ("BGWZ", "Bgxx", Block::Bgwz),
    ("BGJR", "Bgxx", Block::Bgjr),
    ("WZQY", "Qyxx", Block::Wzqy),
    ("ZXBA", "Zx_xx", Block::Zxba),
    ("HSJG", "Hsjgxx", Block::Hsjg),
    ("WBACLJG", "Clxx", Block::Wbacljg),
    ("XZHYD", "Fjxx", Block::Xzhyd),
];

impl Block {
    /// Operation type in the answers; the answers to tasks have none.
    fn operation_type(self, request: &Request) -> Option<u8> {
        match self {
            Self::Xzhyd => Some(35),
            Self::Hsjg | Self::Wbacljg => None,
            _ => Some(request.operation.code()),
        }
    }

    fn is_known_in(self, interface: Interface) -> bool {
        let only_v5 = matches!(self, Self::Bgzt | Self::Bgwz | Self::Bgjr | Self::Wzqy);
        interface == Interface::V5 || !only_v5
    }
}

/// One record of an upload with what is wrong with it by itself.
#[derive(Debug)]
pub struct UploadedRecord {
    /// `Czlx` of its answers.
    pub operation_type: Option<u8>,
    /// Keys of its answers.
    pub keys: AnswerKeys,
    /// What it asks, as far as it could be read.
    pub request: Box<Request>,
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
    /// Version that the account speaks.
    pub interface: Interface,
}

/// Reads a document. A fault of the whole document becomes one record without a key.
pub fn read(file_name: &str, bytes: &[u8], limits: ReadLimits) -> Vec<UploadedRecord> {
    let broken = |detail: String| {
        let text = format!("{file_name}：不符合XSD：{detail}");
        vec![whole_file(Finding::new(5001, text))]
    };
    let encoding = limits.interface.encoding();
    let Some(text) = limits.interface.decode(bytes) else {
        return broken(format!("不是{encoding}编码"));
    };
    if let Some(other) = declared_encoding(&text).filter(|name| !limits.interface.is_encoding(name)) {
        return broken(format!("声明的编码为{other}，应为{encoding}"));
    }
    let root = match Element::parse(&text) {
        Ok(root) => root,
        Err(error) => return broken(error.to_string()),
    };
    if root.name != "UploadData" {
        return broken(format!("根元素为{}，应为UploadData", root.name));
    }
    let version = limits.interface.version();
    let version_finding = (root.attribute("version") != Some(version))
        .then(|| Finding::new(5004, format!("接口版本错误，应为{version}")));
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
        let known =
            BLOCKS.iter().find(|(tag, _, block)| *tag == block_element.name && block.is_known_in(limits.interface));
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
    let (mut request, keys, findings) = request::read(block, element, limits.interface, limits.attachment_max_bytes);
    request.isp_id = limits.isp_id;
    UploadedRecord {
        operation_type: block.operation_type(&request),
        keys,
        request: Box::new(request),
        findings: file_findings.iter().cloned().chain(findings).collect(),
    }
}

fn whole_file(finding: Finding) -> UploadedRecord {
    UploadedRecord {
        operation_type: None,
        keys: AnswerKeys::default(),
        request: Box::default(),
        findings: vec![finding],
    }
}

/// The encoding named in the XML declaration.
fn declared_encoding(text: &str) -> Option<&str> {
    let declaration = text.trim_start().strip_prefix("<?xml")?.split("?>").next()?;
    let (_, after) = declaration.split_once("encoding")?;
    let value = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|it| matches!(it, '"' | '\''))?;
    value.split(quote).nth(1)
}

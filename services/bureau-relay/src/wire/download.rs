//! The download document `DownloadData`: results (BAJG) and filed data (BASJ), bureau-interface §8.6.
//!
//! Elements are read in any order. Blocks that the relay does not handle yet are kept as they came; the
//! schema is deliberately not enforced, because real bureaus send values that break it (Czlx 35).

use super::charset::{CharsetError, decode_xml};
use super::on_record::{self, OnRecord};
use super::xml::{Element, XmlError};
use crate::filing::address_name;

/// Why a download could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DownloadError {
    /// The bytes are not text of a known encoding.
    #[error("the downloaded document is not readable text")]
    Charset(#[from] CharsetError),
    /// The document is not XML.
    #[error("the downloaded document is not XML")]
    Xml(#[from] XmlError),
    /// The root element is another one.
    #[error("the downloaded document has the root `{0}` instead of `DownloadData`")]
    Root(String),
}

/// A block of a download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// BAJG/Jg_xx: results of the bureau's checks.
    Results(Vec<OperationResult>),
    /// BAJG/GJSHS: decisions of the bureau's officers.
    Reviews(Vec<BureauReview>),
    /// BASJ: data as filed, with the bureau's ids and the filing numbers.
    Filed(Vec<FiledRecord>),
    /// ZXSJ: what was taken off the record.
    Removed(Vec<Removal>),
    /// Any other block.
    Other {
        /// Path below the root, e.g. `ICP/HMDLB`.
        name: String,
        /// The block again as XML.
        xml: String,
    },
}

/// One result code with its text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct ResultCode {
    /// `Jgdm`; 0 when it is missing or not a number.
    pub code: u32,
    /// `Dmms`; forgotten once the outcome was told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Path of the form's field, where the relay's own check found the fault; empty in what the bureau says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub field: String,
}

/// `Jg_xx`: what the system says about one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationResult {
    /// One operation can carry several codes.
    pub codes: Vec<ResultCode>,
    /// `Czlx`: 1 new filing, … 35 separate slip.
    pub operation: Option<u32>,
    /// `Bs`: what the operation was about; for a new filing our id of the organiser.
    pub subject: Option<String>,
    /// `Bz`
    pub remark: Option<String>,
}

/// `Gjsh`: what an officer decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BureauReview {
    /// `Shjg`: 1 passed, 0 refused; `None` for anything else.
    pub passed: Option<bool>,
    /// `Shyj`
    pub opinion: Option<String>,
    /// `Shsj` as it came (local time of China).
    pub decided_at: Option<String>,
    /// `Czlx`
    pub operation: Option<u32>,
    /// `Jlid`; for a new filing our id of the organiser.
    pub record: Option<String>,
}

/// `BASJ/Baxx`: an organiser as filed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FiledRecord {
    /// `Zt_xx`: the organiser itself.
    pub organiser: FiledPart,
    /// `Wz_xx`
    pub services: Vec<FiledService>,
    /// What it says beside ids and numbers.
    pub on_record: OnRecord,
    /// Whether the bureau sent the whole record again (SJTB), whatever orders there are.
    pub is_resent: bool,
}

/// Ids and number of one part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FiledPart {
    /// The id that we gave.
    pub isp_id: Option<i64>,
    /// The id that the bureau gave.
    pub bureau_id: Option<i64>,
    /// Filing number (备案号).
    pub number: Option<String>,
}

/// Ids of one service and its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FiledService {
    /// The service itself, with its number.
    pub service: FiledPart,
    /// Its domains.
    pub domains: Vec<NamedPart>,
    /// Its accesses, those of other providers too.
    pub accesses: Vec<FiledAccess>,
}

/// A part that is found again by its content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedPart {
    /// Its ids.
    pub part: FiledPart,
    /// The domain, or the range of addresses.
    pub name: String,
}

/// One access of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FiledAccess {
    /// Its ids.
    pub part: FiledPart,
    /// `Ispid`: the provider.
    pub provider: Option<i64>,
    /// Its addresses.
    pub addresses: Vec<NamedPart>,
}

/// `Zxsj`: a record that was taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// `Jlid`: the bureau's id of the organiser, service or access.
    pub bureau_id: i64,
    /// `Zxlb`: which of them; `None` for anything else.
    pub kind: Option<RecordKind>,
}

/// What can be taken off the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// 主体, `Zxlb` 0.
    Organiser,
    /// 网站, `Zxlb` 1.
    Service,
    /// 接入, `Zxlb` 2.
    Access,
}

impl RecordKind {
    /// The text form, e.g. `organiser`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organiser => "organiser",
            Self::Service => "service",
            Self::Access => "access",
        }
    }
}

/// Reads a document.
pub fn read(document: &[u8]) -> Result<Vec<Block>, DownloadError> {
    let text = decode_xml(document)?;
    let root = Element::parse(text.trim_start())?;
    if root.name != "DownloadData" {
        return Err(DownloadError::Root(root.name));
    }
    let mut blocks = Vec::new();
    for group in &root.children {
        match group.name.as_str() {
            "ICP" => read_icp(group, false, &mut blocks),
            // A manual resynchronisation wraps the usual groups.
            "SJTB" => {
                for inner in &group.children {
                    match inner.name.as_str() {
                        "ICP" => read_icp(inner, true, &mut blocks),
                        name => blocks.push(other(&format!("SJTB/{name}"), inner)),
                    }
                }
            }
            name => blocks.push(other(name, group)),
        }
    }
    Ok(blocks)
}

fn other(name: &str, element: &Element) -> Block {
    Block::Other { name: name.to_owned(), xml: element.to_xml() }
}

fn read_icp(icp: &Element, is_resent: bool, blocks: &mut Vec<Block>) {
    for block in &icp.children {
        match block.name.as_str() {
            "BAJG" => {
                let results: Vec<_> = block.children_named("Jg_xx").map(read_result).collect();
                if !results.is_empty() {
                    blocks.push(Block::Results(results));
                }
                let reviews: Vec<_> = block
                    .children_named("GJSHS")
                    .flat_map(|group| group.children_named("Gjsh"))
                    .map(read_review)
                    .collect();
                if !reviews.is_empty() {
                    blocks.push(Block::Reviews(reviews));
                }
            }
            "BASJ" => {
                let records = block.children_named("Baxx").map(|record| read_filed(record, is_resent));
                blocks.push(Block::Filed(records.collect()));
            }
            "ZXSJ" => blocks.push(Block::Removed(read_removals(block))),
            name => blocks.push(other(&format!("{}/{name}", if is_resent { "SJTB/ICP" } else { "ICP" }), block)),
        }
    }
}

fn read_result(element: &Element) -> OperationResult {
    let codes = element
        .children_named("Jgxx")
        .map(|item| ResultCode {
            code: number(item, "Jgdm").unwrap_or(0),
            text: item.text_of("Dmms").unwrap_or_default().to_owned(),
            field: String::new(),
        })
        .collect();
    OperationResult {
        codes,
        operation: number(element, "Czlx"),
        subject: text(element, "Bs"),
        remark: text(element, "Bz"),
    }
}

fn read_review(element: &Element) -> BureauReview {
    BureauReview {
        passed: match element.text_of("Shjg") {
            Some("1") => Some(true),
            Some("0") => Some(false),
            _ => None,
        },
        opinion: text(element, "Shyj"),
        decided_at: text(element, "Shsj"),
        operation: number(element, "Czlx"),
        record: text(element, "Jlid"),
    }
}

fn read_filed(element: &Element, is_resent: bool) -> FiledRecord {
    let organiser = element.child("Zt_xx").map(|zt| part(zt, "IspZtid", "Ztid")).unwrap_or_default();
    let services = element
        .children_named("Wz_xx")
        .map(|wz| FiledService {
            service: part(wz, "IspWzid", "Wzid"),
            domains: wz
                .children_named("Ym_xx")
                .map(|ym| NamedPart { part: part(ym, "IspYmid", "Ymid"), name: text(ym, "Ym").unwrap_or_default() })
                .collect(),
            accesses: wz.children_named("Jr_xx").map(read_access).collect(),
        })
        .collect();
    FiledRecord { organiser, services, on_record: on_record::read(element), is_resent }
}

fn read_access(element: &Element) -> FiledAccess {
    let addresses = element.children_named("Ip_xx").map(|ip| NamedPart {
        part: part(ip, "IspIpid", "Ipid"),
        name: address_name(number(ip, "Qsip").unwrap_or(0), number(ip, "Zzip").unwrap_or(0)),
    });
    FiledAccess {
        part: part(element, "IspJrid", "Jrid"),
        provider: number(element, "Ispid"),
        addresses: addresses.collect(),
    }
}

/// The rows stand in the block itself or each in an element of its own.
fn read_removals(block: &Element) -> Vec<Removal> {
    let rows = std::iter::once(block).chain(&block.children);
    rows.filter_map(|row| Some(Removal { bureau_id: number(row, "Jlid")?, kind: removed_kind(row) })).collect()
}

fn removed_kind(row: &Element) -> Option<RecordKind> {
    match number(row, "Zxlb")? {
        0 => Some(RecordKind::Organiser),
        1 => Some(RecordKind::Service),
        2 => Some(RecordKind::Access),
        _ => None,
    }
}

fn part(element: &Element, isp_tag: &str, bureau_tag: &str) -> FiledPart {
    FiledPart {
        isp_id: number(element, isp_tag),
        bureau_id: number(element, bureau_tag),
        number: text(element, "Baxh"),
    }
}

pub(super) fn text(element: &Element, name: &str) -> Option<String> {
    element.text_of(name).map(str::to_owned)
}

pub(super) fn number<N: std::str::FromStr>(element: &Element, name: &str) -> Option<N> {
    element.text_of(name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::charset::gbk_xml;
    use super::*;

    #[test]
    fn the_result_skeleton_is_read() {
        let blocks = read(&gbk_xml(include_str!("golden/result.xml"))).unwrap();
        assert_eq!(
            blocks,
            [
                Block::Results(vec![OperationResult {
                    codes: vec![ResultCode { code: 1001, text: "ok".into(), field: String::new() }],
                    operation: Some(1),
                    subject: Some("1001".into()),
                    remark: None,
                }]),
                Block::Reviews(vec![BureauReview {
                    passed: Some(true),
                    opinion: Some("ok".into()),
                    decided_at: Some("2024-01-02 03:04:05".into()),
                    operation: Some(1),
                    record: Some("1001".into()),
                }]),
            ]
        );
    }

    #[test]
    fn the_filed_skeleton_is_read_with_all_ids() {
        let mut blocks = read(&gbk_xml(include_str!("golden/filed.xml"))).unwrap();
        let Block::Filed(records) = &mut blocks[0] else { panic!("{blocks:?}") };
        let said = std::mem::take(&mut records[0].on_record);
        assert_eq!((said.number.as_str(), said.services.len()), ("浙ICP备00000001号", 1));
        let pair = |isp, bureau, number: Option<&str>| FiledPart {
            isp_id: Some(isp),
            bureau_id: Some(bureau),
            number: number.map(str::to_owned),
        };
        assert_eq!(
            blocks,
            [Block::Filed(vec![FiledRecord {
                organiser: pair(1001, 900_001, Some("浙ICP备00000001号")),
                services: vec![FiledService {
                    service: pair(2001, 910_001, Some("浙ICP备00000001号-1")),
                    domains: vec![NamedPart { part: pair(3001, 920_001, None), name: "example.cn".into() }],
                    accesses: vec![FiledAccess {
                        part: pair(4001, 930_001, None),
                        provider: Some(330_000_000_001),
                        addresses: vec![NamedPart {
                            part: pair(5001, 940_001, None),
                            name: "3221225985-3221225985".into(),
                        }],
                    }],
                }],
                ..FiledRecord::default()
            }])]
        );
    }

    #[test]
    fn a_record_that_is_sent_again_says_so() {
        let filed = include_str!("golden/filed.xml");
        let resent = filed.replace("<ICP>", "<SJTB><ICP>").replace("</ICP>", "</ICP></SJTB>");
        let (Block::Filed(once), Block::Filed(again)) =
            (&read(&gbk_xml(filed)).unwrap()[0], &read(&gbk_xml(&resent)).unwrap()[0])
        else {
            panic!("no filed data")
        };
        assert!(!once[0].is_resent && again[0].is_resent);
        assert_eq!((&once[0].organiser, &once[0].on_record), (&again[0].organiser, &again[0].on_record));
    }

    #[test]
    fn order_does_not_matter_and_other_blocks_are_kept() {
        let document = "<DownloadData><ICP><HMDLB><x>1</x></HMDLB><BAJG>\
            <GJSHS><Gjsh><Jlid>7</Jlid><Shjg>0</Shjg></Gjsh></GJSHS>\
            <Jg_xx><Bs>7</Bs><Czlx>35</Czlx><Jgxx><Dmms>x</Dmms><Jgdm>1060</Jgdm></Jgxx><Jgxx><Jgdm>?</Jgdm></Jgxx></Jg_xx>\
            </BAJG></ICP><JCDM><Dwxz/></JCDM><SJTB><ICP><BASJ/></ICP><JCDM/></SJTB></DownloadData>";
        let blocks = read(document.as_bytes()).unwrap();
        assert_eq!(blocks.len(), 6, "{blocks:?}");
        assert!(matches!(&blocks[0], Block::Other { name, xml } if name == "ICP/HMDLB" && xml.contains("<x>1</x>")));
        let Block::Results(results) = &blocks[1] else { panic!("{blocks:?}") };
        assert_eq!(results[0].operation, Some(35));
        assert_eq!(results[0].codes[0].code, 1060);
        assert_eq!(results[0].codes[1], ResultCode { code: 0, text: String::new(), field: String::new() });
        assert!(matches!(&blocks[2], Block::Reviews(r) if r[0].passed == Some(false)));
        assert!(matches!(&blocks[3], Block::Other { name, .. } if name == "JCDM"));
        assert_eq!(blocks[4], Block::Filed(vec![]));
    }

    #[test]
    fn what_was_taken_off_is_read_in_either_form() {
        for (rows, kind) in [
            ("<Zxlb>1</Zxlb><Jlid>7</Jlid>", Some(RecordKind::Service)),
            ("<Zx_xx><Zxlb>2</Zxlb><Jlid>7</Jlid><Bz>x</Bz></Zx_xx>", Some(RecordKind::Access)),
            ("<Zx_xx><Zxlb>9</Zxlb><Jlid>7</Jlid></Zx_xx>", None),
        ] {
            let document = format!("<DownloadData><ICP><ZXSJ>{rows}</ZXSJ></ICP></DownloadData>");
            assert_eq!(read(document.as_bytes()).unwrap(), [Block::Removed(vec![Removal { bureau_id: 7, kind }])]);
        }
    }

    #[test]
    fn another_root_is_an_error() {
        assert_eq!(read(b"<UploadData/>"), Err(DownloadError::Root("UploadData".into())));
        assert!(matches!(read(b"<DownloadData>"), Err(DownloadError::Xml(_))));
    }
}

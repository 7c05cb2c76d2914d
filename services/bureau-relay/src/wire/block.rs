//! The blocks of an upload document and the document around them (bureau-interface §8.1, §9.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use icp_domain::BureauOperation;
use serde::{Deserialize, Serialize};

use super::dialect::Interface;

/// A block of the upload document; each holds records of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// XZBA 新增备案
    #[default]
    NewFiling,
    /// XZWZ 新增网站
    NewService,
    /// XZJR 新增接入
    NewAccess,
    /// BGBA 变更备案
    Change,
    /// BGZT 变更主体 (V5.0)
    ChangeOrganiser,
    /// BGWZ 变更服务 (V5.0)
    ChangeService,
    /// BGJR 变更接入 (V5.0)
    ChangeAccess,
    /// WZQY 服务迁移 (V5.0)
    Migration,
    /// ZXBA 注销
    Cancellation,
}

impl Block {
    /// In the order of the document.
    const ALL: [Self; 9] = [
        Self::NewFiling,
        Self::NewService,
        Self::NewAccess,
        Self::Change,
        Self::ChangeOrganiser,
        Self::ChangeService,
        Self::ChangeAccess,
        Self::Migration,
        Self::Cancellation,
    ];

    /// The block that carries an operation; `None` when the version has none.
    pub fn of(operation: BureauOperation, interface: Interface) -> Option<Self> {
        use BureauOperation as O;
        let is_v3 = interface == Interface::V3_0;
        match operation {
            O::AddFiling => Some(Self::NewFiling),
            O::AddService => Some(Self::NewService),
            O::AddAccess => Some(Self::NewAccess),
            O::ChangeFiling => Some(Self::Change),
            O::ChangeOrganiser | O::ChangeService | O::ChangeAccess if is_v3 => Some(Self::Change),
            O::ChangeOrganiser => Some(Self::ChangeOrganiser),
            O::ChangeService => Some(Self::ChangeService),
            O::ChangeAccess => Some(Self::ChangeAccess),
            O::DeregisterOrganiser | O::DeregisterService | O::CancelAccess => Some(Self::Cancellation),
            O::MigrateService => (!is_v3).then_some(Self::Migration),
        }
    }

    fn tag(self) -> &'static str {
        match self {
            Self::NewFiling => "XZBA",
            Self::NewService => "XZWZ",
            Self::NewAccess => "XZJR",
            Self::Change => "BGBA",
            Self::ChangeOrganiser => "BGZT",
            Self::ChangeService => "BGWZ",
            Self::ChangeAccess => "BGJR",
            Self::Migration => "WZQY",
            Self::Cancellation => "ZXBA",
        }
    }

    /// Tag of one record.
    pub fn record_tag(self) -> &'static str {
        match self {
            Self::NewFiling => "Baxx",
            Self::NewService | Self::NewAccess => "Xzxx",
            Self::Change | Self::ChangeOrganiser | Self::ChangeService | Self::ChangeAccess => "Bgxx",
            Self::Migration => "Qyxx",
            Self::Cancellation => "Zx_xx",
        }
    }
}

/// A stretch of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Markup and text.
    Text(&'a str),
    /// A picture, which is written in base64.
    Picture(&'a [u8]),
}

/// Bytes that [`assemble`] adds around the records, at most.
pub const DOCUMENT_OVERHEAD_BYTES: usize = 512;

/// Puts records into one document, each into its block, in the encoding of the version.
pub fn assemble<'a, P>(interface: Interface, records: &[(Block, P)], isp_id: i64) -> Vec<u8>
where
    P: Clone + IntoIterator<Item = Piece<'a>>,
{
    let mut document = format!(
        "<?xml version=\"1.0\" encoding=\"{}\"?><UploadData version=\"{}\"><ICP>",
        interface.encoding(),
        interface.version_text()
    )
    .into_bytes();
    for block in Block::ALL {
        let mut members = records.iter().filter(|(of, _)| *of == block).peekable();
        if members.peek().is_none() {
            continue;
        }
        document.extend_from_slice(format!("<{}>", block.tag()).as_bytes());
        for (_, pieces) in members {
            for piece in pieces.clone() {
                match piece {
                    Piece::Text(text) => document.extend_from_slice(&interface.encode(text)),
                    Piece::Picture(bytes) => document.extend_from_slice(BASE64.encode(bytes).as_bytes()),
                }
            }
        }
        document.extend_from_slice(format!("</{}>", block.tag()).as_bytes());
    }
    document.extend_from_slice(format!("<Qqdwid>{isp_id}</Qqdwid></ICP></UploadData>").as_bytes());
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_stand_in_the_block_of_their_kind() {
        let records = [
            (Block::Cancellation, vec![Piece::Text("<c/>")]),
            (Block::NewFiling, vec![Piece::Text("<a>示</a>"), Piece::Picture(b"ABC")]),
            (Block::Cancellation, vec![Piece::Text("<d/>")]),
        ];
        let v5 = assemble(Interface::V5_0, &records, 1);
        assert_eq!(
            String::from_utf8_lossy(&v5),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><UploadData version=\"V.5.0\"><ICP>\
             <XZBA><a>示</a>QUJD</XZBA><ZXBA><c/><d/></ZXBA><Qqdwid>1</Qqdwid></ICP></UploadData>"
        );
        let v3 = assemble(Interface::V3_0, &records, 1);
        assert!(v3.windows(2).any(|two| two == [0xCA, 0xBE]), "示 in GBK");
        assert!(v3.starts_with(b"<?xml version=\"1.0\" encoding=\"GBK\"?><UploadData version=\"V.3.0\">"));
        let every = Block::ALL.map(|block| (block, Vec::new()));
        assert!(assemble(Interface::V3_0, &every, i64::MAX).len() <= DOCUMENT_OVERHEAD_BYTES);
    }

    #[test]
    fn v3_has_one_block_for_all_changes_and_none_for_migrations() {
        for operation in BureauOperation::ALL {
            let v3 = Block::of(operation, Interface::V3_0);
            assert_eq!(v3.is_none(), operation == BureauOperation::MigrateService);
            assert!(Block::of(operation, Interface::V5_0).is_some(), "{operation:?}");
            if operation.as_str().starts_with("change") {
                assert_eq!(v3, Some(Block::Change));
            }
        }
    }
}

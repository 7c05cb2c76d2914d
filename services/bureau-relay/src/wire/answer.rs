//! The `<return>` documents of the operations and the meaning of their codes (bureau-interface §3.4, §6).

use super::envelope::PackedFile;
use super::xml::Element;

/// What the relay does about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeClass {
    /// Done as asked.
    Success,
    /// Nothing to download.
    NothingWaiting,
    /// Not done; the same call may succeed later (queue full, closed hours, maintenance).
    RetryLater,
    /// Not done; earlier numbers are missing at the bureau (code 14).
    FixOrder,
    /// Not done; somebody must act (account, rights). The queue stops.
    OperatorAlarm,
    /// Not done; the relay or its settings are wrong (keys, hash, format). The queue stops.
    Bug,
    /// The text does not say whether it was done (999 and codes that nobody documented).
    Unclear,
}

/// A `msg_code` of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MsgCode(pub u16);

impl MsgCode {
    /// 有漏报，先补报
    pub const MISSING_UPLOADS: Self = Self(14);
    /// 文件超过50MB
    pub const FILE_TOO_LARGE: Self = Self(18);

    /// 其他错误
    pub const OTHER: Self = Self(999);

    /// What to do about the code.
    pub fn class(self) -> CodeClass {
        match self.0 {
            0 | 1 | 3 => CodeClass::Success,
            2 => CodeClass::NothingWaiting,
            15 | 20 | 901 | 902 => CodeClass::RetryLater,
            14 => CodeClass::FixOrder,
            4 | 5 | 12 | 13 | 19 | 22 => CodeClass::OperatorAlarm,
            6..=11 | 16..=18 | 21 => CodeClass::Bug,
            _ => CodeClass::Unclear,
        }
    }

    /// Our short English name of the code.
    pub fn label(self) -> &'static str {
        match self.0 {
            0 => "done",
            1 => "done, nothing more to download",
            2 => "nothing to download",
            3 => "more to download",
            4 => "unknown user name",
            5 => "wrong password",
            6 => "decryption failed",
            7 => "hash check failed",
            8 => "decompression failed",
            9 => "unknown encryption algorithm",
            10 => "unknown hash algorithm",
            11 => "unknown compression format",
            12 => "caller not authenticated",
            13 => "provider of another province",
            14 => "earlier uploads are missing",
            15 => "too many files are queued",
            16 => "random value too short",
            17 => "not exactly one file",
            18 => "file larger than 50 MB",
            19 => "no right to report",
            20 => "outside the reporting hours",
            21 => "file name missing in acknowledgement",
            22 => "too many password checks",
            901 => "uploads closed for maintenance",
            902 => "downloads closed for maintenance",
            999 => "other error",
            _ => "undocumented code",
        }
    }
}

impl std::fmt::Display for MsgCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} ({})", self.0, self.label())
    }
}

/// Why a `<return>` document could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// `msg_code` is missing or not a number from 0 to 999.
    #[error("the answer has no usable msg_code")]
    NoCode,
    /// A field that the code promises is missing or has no sense.
    #[error("the answer has no usable {0}")]
    Field(&'static str),
}

/// Code and text that every answer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// `msg_code`
    pub code: MsgCode,
    /// `msg`; for code 20 the allowed hours follow a colon.
    pub text: String,
}

impl Status {
    fn of(document: &Element) -> Result<Self, AnswerError> {
        let code: u16 = document.text_of("msg_code").and_then(|text| text.parse().ok()).ok_or(AnswerError::NoCode)?;
        if code > 999 {
            return Err(AnswerError::NoCode);
        }
        Ok(Self { code: MsgCode(code), text: document.text_of("msg").unwrap_or_default().chars().take(500).collect() })
    }
}

/// Answer to `isp_upload`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadAnswer {
    /// Code and text.
    pub status: Status,
    /// The numbers that the bureau misses (code 14).
    pub missing: Vec<u32>,
}

impl UploadAnswer {
    /// Reads the document.
    pub fn read(document: &Element) -> Result<Self, AnswerError> {
        let status = Status::of(document)?;
        let mut missing = Vec::new();
        if let Some(list) = document.child("dataSequences") {
            for item in list.children_named("dataSequence") {
                missing.push(item.text.trim().parse().map_err(|_| AnswerError::Field("dataSequence"))?);
            }
        }
        if status.code == MsgCode::MISSING_UPLOADS && missing.is_empty() {
            return Err(AnswerError::Field("dataSequences"));
        }
        missing.sort_unstable();
        missing.dedup();
        Ok(Self { status, missing })
    }
}

/// Answer to `isp_download`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadAnswer {
    /// Code and text.
    pub status: Status,
    /// The file, when one was waiting.
    pub file: Option<PackedFile>,
}

impl DownloadAnswer {
    /// Reads the document.
    pub fn read(document: &Element) -> Result<Self, AnswerError> {
        let file = document.child("fileInfos").map(read_file).transpose()?.flatten();
        Ok(Self { status: Status::of(document)?, file })
    }
}

/// Answer to `isp_downloadack`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AckAnswer {
    /// Code and text.
    pub status: Status,
}

impl AckAnswer {
    /// Reads the document.
    pub fn read(document: &Element) -> Result<Self, AnswerError> {
        Ok(Self { status: Status::of(document)? })
    }

    /// Whether the bureau says that another file is waiting.
    pub fn more_waiting(&self) -> bool {
        self.status.code == MsgCode(3)
    }
}

/// Answer to `isp_querypreviousupload`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousUploadAnswer {
    /// Code and text.
    pub status: Status,
    /// The last accepted upload; `None` when the bureau did not say (maintenance, wrong account, …).
    pub last: Option<LastUpload>,
}

/// The upload that a bureau accepted last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastUpload {
    /// Its number; 0 when nothing was ever accepted.
    pub sequence: u32,
    /// Hash of its container, without line breaks; empty when there is none.
    pub hash: String,
    /// The upload itself, if the bureau gave it back.
    pub file: Option<PackedFile>,
}

impl PreviousUploadAnswer {
    /// Reads the document.
    pub fn read(document: &Element) -> Result<Self, AnswerError> {
        let status = Status::of(document)?;
        if !matches!(status.code.class(), CodeClass::Success | CodeClass::NothingWaiting) {
            return Ok(Self { status, last: None });
        }
        let Some(infos) = document.child("fileInfos") else {
            return Ok(Self { status, last: Some(LastUpload::default()) });
        };
        // Without its number an upload must not be taken for "none": that would send everything again.
        let sequence = infos
            .text_of("dataSequence")
            .and_then(|text| text.parse().ok())
            .ok_or(AnswerError::Field("dataSequence"))?;
        let hash = infos.text_of("beianInfoHash").map(super::envelope::strip_whitespace).unwrap_or_default();
        Ok(Self { status, last: Some(LastUpload { sequence, hash, file: read_file(infos)? }) })
    }
}

/// Answer to `isp_querybeianstatus`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiledStatusAnswer {
    /// Code and text.
    pub status: Status,
    /// Whether it is filed (`Bazt` 0); `None` when the bureau gave no status.
    pub filed: Option<bool>,
    /// Filing number of the organiser.
    pub organiser_number: Option<String>,
    /// Filing number of the website (domain queries only).
    pub service_number: Option<String>,
}

impl FiledStatusAnswer {
    /// Reads the document.
    pub fn read(document: &Element) -> Result<Self, AnswerError> {
        let status = Status::of(document)?;
        let info = document.child("StatusInfo");
        let filed = match info.and_then(|info| info.text_of("Bazt")) {
            Some("0") => Some(true),
            Some("1") => Some(false),
            Some(_) => return Err(AnswerError::Field("Bazt")),
            None => None,
        };
        let text = |name: &str| info.and_then(|info| info.text_of(name)).map(str::to_owned);
        Ok(Self { status, filed, organiser_number: text("Ztbah"), service_number: text("Wzbah") })
    }
}

/// Answer to `isp_verifybamm`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordAnswer {
    /// Code and text.
    pub status: Status,
    /// Whether the password is right (`VerifyRes` 0).
    pub right: Option<bool>,
}

impl PasswordAnswer {
    /// Reads the document.
    pub fn read(document: &Element) -> Result<Self, AnswerError> {
        let right = document.text_of("VerifyRes").map(|value| value == "0");
        Ok(Self { status: Status::of(document)?, right })
    }
}

/// `fileInfos`; an empty one (nothing was ever uploaded) is no file.
fn read_file(infos: &Element) -> Result<Option<PackedFile>, AnswerError> {
    let number = |name: &'static str| match infos.text_of(name) {
        None => Ok(0),
        Some(text) => text.parse::<i64>().map_err(|_| AnswerError::Field(name)),
    };
    let Some(beian_info) = infos.text_of("beianInfo") else { return Ok(None) };
    Ok(Some(PackedFile {
        file_name: infos.text_of("return_FileName").unwrap_or_default().to_owned(),
        hash_algorithm: number("hashAlgorithm")?,
        compression_format: number("compressionFormat")?,
        encrypt_algorithm: number("encryptAlgorithm")?,
        beian_info: beian_info.to_owned(),
        beian_info_hash: infos.text_of("beianInfoHash").unwrap_or_default().to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn document(inside: &str) -> Element {
        Element::parse(&format!("<return version=\"V.3.0\">{inside}</return>")).unwrap()
    }

    /// Every documented code, its class; nothing else is a success.
    #[test]
    fn every_code_has_its_class() {
        use CodeClass::*;
        let table = [
            (0, Success),
            (1, Success),
            (2, NothingWaiting),
            (3, Success),
            (4, OperatorAlarm),
            (5, OperatorAlarm),
            (6, Bug),
            (7, Bug),
            (8, Bug),
            (9, Bug),
            (10, Bug),
            (11, Bug),
            (12, OperatorAlarm),
            (13, OperatorAlarm),
            (14, FixOrder),
            (15, RetryLater),
            (16, Bug),
            (17, Bug),
            (18, Bug),
            (19, OperatorAlarm),
            (20, RetryLater),
            (21, Bug),
            (22, OperatorAlarm),
            (901, RetryLater),
            (902, RetryLater),
            (999, Unclear),
            (500, Unclear),
        ];
        for (code, class) in table {
            assert_eq!(MsgCode(code).class(), class, "{code}");
        }
        let successes: Vec<u16> = (0..1000).filter(|c| MsgCode(*c).class() == Success).collect();
        assert_eq!(successes, [0, 1, 3]);
    }

    #[test]
    fn an_upload_answer_lists_missing_numbers_in_order() {
        let answer = UploadAnswer::read(&document(
            "<msg_code>14</msg_code><msg>x</msg><dataSequences><dataSequence>8</dataSequence><dataSequence>7</dataSequence></dataSequences>",
        ))
        .unwrap();
        assert_eq!(answer.missing, [7, 8]);
        assert_eq!(UploadAnswer::read(&document("<msg_code>14</msg_code>")), Err(AnswerError::Field("dataSequences")));
    }

    #[test]
    fn a_code_is_needed() {
        for inside in
            ["", "<msg_code/>", "<msg_code>x</msg_code>", "<msg_code>1000</msg_code>", "<msg_code>-1</msg_code>"]
        {
            assert_eq!(AckAnswer::read(&document(inside)), Err(AnswerError::NoCode), "{inside}");
        }
        assert!(AckAnswer::read(&document("<msg_code> 3 </msg_code>")).unwrap().more_waiting());
    }

    #[test]
    fn downloads_with_and_without_a_file() {
        let none = DownloadAnswer::read(&document("<msg_code>2</msg_code><msg>无</msg>")).unwrap();
        assert_eq!(none.file, None);
        let some = DownloadAnswer::read(&document(
            "<msg_code>0</msg_code><fileInfos><hashAlgorithm>0</hashAlgorithm><compressionFormat>0</compressionFormat><encryptAlgorithm>1</encryptAlgorithm><return_FileName>a.xml</return_FileName><beianInfo>QQ==</beianInfo><beianInfoHash>H</beianInfoHash></fileInfos>",
        ))
        .unwrap()
        .file
        .unwrap();
        assert_eq!((some.encrypt_algorithm, some.file_name.as_str()), (1, "a.xml"));
        assert!(DownloadAnswer::read(&document(
            "<msg_code>0</msg_code><fileInfos><encryptAlgorithm>x</encryptAlgorithm><beianInfo>Q</beianInfo></fileInfos>"
        ))
        .is_err());
    }

    #[test]
    fn the_previous_upload_may_be_none_or_unsaid() {
        let read = |inside: &str| PreviousUploadAnswer::read(&document(inside));
        let none = "<msg_code>0</msg_code><fileInfos><dataSequence>0</dataSequence><beianInfo/></fileInfos>";
        assert_eq!(read(none).unwrap().last, Some(LastUpload::default()));
        assert_eq!(read("<msg_code>0</msg_code>").unwrap().last, Some(LastUpload::default()));
        let some = "<msg_code>0</msg_code><fileInfos><dataSequence>12</dataSequence><beianInfo>QQ==</beianInfo><beianInfoHash>ab\ncd==</beianInfoHash></fileInfos>";
        let last = read(some).unwrap().last.unwrap();
        assert_eq!((last.sequence, last.hash.as_str()), (12, "abcd=="));
        assert!(last.file.is_some());
        assert_eq!(read("<msg_code>901</msg_code>").unwrap().last, None);
        assert_eq!(read("<msg_code>5</msg_code><fileInfos/>").unwrap().last, None);
        assert_eq!(read("<msg_code>0</msg_code><fileInfos/>"), Err(AnswerError::Field("dataSequence")));
    }

    #[test]
    fn status_and_password() {
        let filed = FiledStatusAnswer::read(&document(
            "<msg_code>0</msg_code><StatusInfo><Cxtjlx>0</Cxtjlx><Cxtj>a.cn</Cxtj><Ztbah>浙ICP备00000001号</Ztbah><Wzbah>浙ICP备00000001号-1</Wzbah><Bazt>0</Bazt></StatusInfo>",
        ))
        .unwrap();
        assert_eq!(filed.filed, Some(true));
        assert_eq!(filed.service_number.as_deref(), Some("浙ICP备00000001号-1"));
        let wrong = PasswordAnswer::read(&document("<msg_code>0</msg_code><VerifyRes>1</VerifyRes>")).unwrap();
        assert_eq!(wrong.right, Some(false));
    }
}

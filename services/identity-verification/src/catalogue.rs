//! What can be wrong, in words: codes of the catalogue (filing-rules §9), reasons and remedies. No personal data.

use icp_proto::common::{Finding, Severity};

/// One thing that can be wrong.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    code: &'static str,
    severity: Severity,
    zh: &'static str,
    en: &'static str,
    remedy: &'static str,
}

impl Fault {
    /// The finding about one field.
    pub fn at(&self, field: impl Into<String>) -> Finding {
        Finding {
            code: self.code.to_owned(),
            severity: self.severity.into(),
            field: field.into(),
            message_zh: self.zh.to_owned(),
            message_en: self.en.to_owned(),
            remedy: self.remedy.to_owned(),
        }
    }
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $code:literal $severity:ident $zh:literal $en:literal $remedy:literal;)*) => {
        $($(#[$doc])* pub const $name: Fault =
            Fault { code: $code, severity: Severity::$severity, zh: $zh, en: $en, remedy: $remedy };)*

        /// Every fault, for tests.
        #[cfg(test)]
        pub(crate) const ALL: &[Fault] = &[$($name),*];
    };
}

faults! {
    /// No picture of a document was handed in.
    DOCUMENT_MISSING = "S01" Block
        "缺少证件照片" "the picture of the document is missing"
        "请上传证件原件照片。Upload a picture of the original document.";
    /// No picture of the person was handed in.
    FACE_MISSING = "S01" Block
        "缺少负责人核验照片" "the picture of the person in charge is missing"
        "请上传负责人现场采集的照片。Upload a picture of the person taken at capture.";
    /// The stored picture is gone or is not the one that was uploaded.
    PICTURE_LOST = "S01" Block
        "已保存的照片丢失或与上传时不一致" "the stored picture is lost or is not the one that was uploaded"
        "请重新上传该照片。Upload the picture again.";
    /// Neither JPEG nor PNG, or broken.
    PICTURE_FORMAT = "S01" Block
        "照片不是可用的 JPEG 或 PNG 文件" "the picture is no usable JPEG or PNG file"
        "请以 JPEG 或 PNG 格式重新上传。Upload it again as JPEG or PNG.";
    /// Too many bytes or pixels.
    PICTURE_TOO_LARGE = "S01" Block
        "照片过大" "the picture is too large"
        "请缩小照片后重新上传（小于 4 MB）。Upload a smaller picture (below 4 MB).";
    /// Too few pixels.
    PICTURE_TOO_SMALL = "S01" Block
        "照片分辨率过低，无法辨认" "the picture has too few pixels to be legible"
        "请以更高分辨率重新拍摄。Photograph it again at a higher resolution.";
    /// The engine could not read the document.
    DOCUMENT_UNREADABLE = "S01" Block
        "证件照片无法识别" "the document on the picture cannot be read"
        "请在光线均匀处拍摄证件原件，四角完整、无反光。Photograph the original in even light, all edges visible, without glare.";
    /// The engine could not see a face.
    FACE_UNREADABLE = "V03" Block
        "核验照片无法识别，疑似翻拍或屏拍" "no live face can be recognised; the picture may show a photo or a screen"
        "请本人现场重新采集，不要翻拍照片或屏幕。Capture the person again live, not a photo or a screen.";
    /// The letter of commitment could not be read.
    LETTER_UNREADABLE = "V04" Block
        "承诺书照片无法识别" "the letter of commitment cannot be read"
        "请重新拍摄完整的承诺书原件。Photograph the whole original letter again.";
    /// Another document than the form names.
    OTHER_DOCUMENT = "S01" Block
        "照片上的证件与所填证件类型不符" "the picture shows another document than the form names"
        "请上传所填类型的证件，或更正证件类型。Upload the document of the named kind, or correct the kind.";
    /// The face picture shows no face.
    NOT_A_FACE = "V03" Block
        "核验照片上不是人脸" "the picture of the person shows no face"
        "请本人现场重新采集。Capture the person again live.";
    /// The letter of commitment is something else, or somebody else's.
    OTHER_LETTER = "V04" Block
        "承诺书不合格或不属于该主办者" "the letter of commitment is not one, or is another organiser's"
        "请上传该主办者签署的承诺书。Upload the letter that this organiser signed.";
    /// The check character of a credit code is wrong; a few codes in real use fail it.
    CREDIT_CODE_DOUBTFUL = "S04" Review
        "统一社会信用代码（或注册号）的校验位不符" "the check character of the credit code or registration number does not fit"
        "请核对号码；如证件确为此号码，由审核人员比对登记信息。Compare the number; if the certificate says so, a reviewer compares it with the register.";
    /// A number cannot be one of its kind.
    NUMBER_MALFORMED = "S01" Block
        "证件号码不符合该证件类型的编码规则" "the number breaks the rules of its kind of document"
        "请按证件原件更正号码。Correct the number as on the original document.";
    /// The number on the document is another one.
    NUMBER_DIFFERS = "S01" Block
        "证件号码与所填内容不一致" "the number on the document differs from the form"
        "请按证件更正号码，或上传正确的证件。Correct the number, or upload the right document.";
    /// The name on the document is another one.
    NAME_DIFFERS = "S01" Block
        "证件姓名（名称）与所填内容不一致" "the name on the document differs from the form"
        "请按证件更正姓名或名称，或上传正确的证件。Correct the name, or upload the right document.";
    /// The validity on the document is another one.
    VALIDITY_DIFFERS = "S01" Block
        "证件有效期与所填内容不一致" "the validity on the document differs from the form"
        "请按证件更正有效期，长期有效则不填。Correct the last day of validity; leave it out if long-term.";
    /// The address on the certificate is another one.
    ADDRESS_DIFFERS = "S04" Review
        "证件住所与所填内容不一致" "the address on the certificate differs from the form"
        "请按证件更正住所。Correct the address as on the certificate.";
    /// The document ends too soon, or has ended.
    EXPIRES_SOON = "S01" Block
        "证件已过期或剩余有效期不足" "the document has expired or expires too soon"
        "请换领新证后上传，有效期须多于三个月。Upload a renewed document with more than three months left.";
    /// Some bureaus accept another person with a letter of the legal representative.
    NOT_LEGAL_REPRESENTATIVE = "S02" Review
        "主体负责人不是证件上的法定代表人" "the organiser's person in charge is not the legal representative on the certificate"
        "请改为法定代表人，或按当地管局要求提供授权书。Name the legal representative, or provide the letter of authorisation that the bureau accepts.";
    /// Two persons.
    FACE_DIFFERS = "V01" Block
        "核验照片与证件照片不是同一人" "the face differs from the one on the document"
        "请由证件持有人本人重新采集。The holder of the document must be captured again.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_speaks_both_languages_and_names_a_remedy() {
        for fault in ALL {
            assert!(!fault.zh.is_ascii() && fault.en.is_ascii() && !fault.en.is_empty(), "{fault:?}");
            assert!(fault.remedy.contains('。') && fault.remedy.ends_with('.'), "{fault:?}");
            assert_eq!(fault.code.len(), 3, "{fault:?}");
        }
    }
}

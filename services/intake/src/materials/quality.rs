//! What the facts of a picture mean: findings for the applicant, each with what to do.

use icp_domain::{Finding, MaterialKind, Severity, Stage};
use serde::{Deserialize, Serialize};

use super::facts::PictureFacts;
use super::path_of;
use super::store::{MaterialRow, Scan};
use crate::check::sources;

/// Code of unclear pictures (filing-rules §9).
const CODE: &str = "S01";

/// The section `[intake.materials.quality]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityConfig {
    /// What a finding weighs.
    pub severity: Weight,
    /// Least sharpness.
    pub sharpness_min: u32,
    /// Least mean brightness, percent.
    pub brightness_min_percent: u8,
    /// Most mean brightness, percent.
    pub brightness_max_percent: u8,
    /// Least contrast: below it a picture shows nothing.
    pub contrast_min: u8,
    /// Whether certificates and identity documents must be in colour.
    pub colour_required: bool,
}

/// What a finding about a picture weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Nothing is said.
    Off,
    /// The applicant is told.
    Advise,
    /// A reviewer must look.
    Review,
    /// The order cannot go on.
    Block,
}

impl Weight {
    fn severity(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Advise => Some(Severity::Advise),
            Self::Review => Some(Severity::Review),
            Self::Block => Some(Severity::Block),
        }
    }
}

/// What is to be said about the pictures of an order.
pub fn findings(config: &QualityConfig, materials: &[MaterialRow]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(severity) = config.severity.severity() else { return findings };
    for row in materials {
        let Some(picture) = &row.facts.picture else { continue };
        let faults = faults(config, &row.kind, picture);
        findings.extend(faults.into_iter().map(|words| finding(&row.kind, severity, words)));
    }
    findings
}

/// Reason in Chinese, in English, and what to do.
type Words<'a> = (&'a str, &'a str, &'a str);

/// What is not good about a picture. One that shows nothing is neither blurred nor dark as well.
fn faults(config: &QualityConfig, kind: &str, picture: &PictureFacts) -> Vec<Words<'static>> {
    if picture.contrast < config.contrast_min {
        return vec![(
            "图片为空白或只有一种颜色",
            "the picture is blank, or of one colour",
            "重新拍摄原件（photograph the original again）",
        )];
    }
    let mut faults = Vec::new();
    if picture.brightness_percent < config.brightness_min_percent {
        faults.push((
            "图片过暗",
            "the picture is too dark",
            "在光线充足处重新拍摄（photograph it again in better light）",
        ));
    }
    if picture.brightness_percent > config.brightness_max_percent {
        faults.push((
            "图片过曝",
            "the picture is overexposed",
            "避免闪光和反光，重新拍摄（photograph it again without flash or glare）",
        ));
    }
    if picture.sharpness < config.sharpness_min {
        faults.push((
            "图片模糊",
            "the picture is blurred",
            "对焦清晰后重新拍摄（hold the camera still and photograph it again）",
        ));
    }
    let is_original = MaterialKind::parse(kind).is_some_and(MaterialKind::is_original);
    if config.colour_required && is_original && picture.is_grey {
        faults.push((
            "图片为黑白，须为原件彩色照片或扫描件",
            "the picture is black and white; a colour picture of the original is needed",
            "上传原件彩色照片或扫描件（photograph or scan the original in colour）",
        ));
    }
    faults
}

/// Materials that the virus scanner has not let through: each keeps the order back.
pub fn unscanned(materials: &[MaterialRow]) -> Vec<Finding> {
    let told = materials.iter().filter_map(|row| {
        let (zh, en, remedy) = match row.scan {
            Scan::Off | Scan::Clean => return None,
            Scan::Pending => (
                "材料尚未完成病毒扫描",
                "is still to be scanned for viruses".to_owned(),
                "请稍后再试（try again in a few minutes）",
            ),
            Scan::Infected => {
                let en = format!("holds the virus `{}`", row.signature.as_deref().unwrap_or_default());
                ("材料含有病毒", en, "请上传无病毒的文件（upload a clean file）")
            }
        };
        // No rule asks for it.
        Some(Finding { source: None, ..finding(&row.kind, Severity::Block, (zh, &en, remedy)) })
    });
    told.collect()
}

fn finding(kind: &str, severity: Severity, (message_zh, message_en, remedy): Words<'_>) -> Finding {
    Finding {
        code: CODE.to_owned(),
        // Judged anew whenever the rules are.
        stage: Stage::Rules,
        severity,
        field: path_of(kind),
        message_zh: message_zh.to_owned(),
        message_en: message_en.to_owned(),
        remedy: remedy.to_owned(),
        source: Some(sources::PICTURES.into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const CONFIG: QualityConfig = QualityConfig {
        severity: Weight::Review,
        sharpness_min: 30,
        brightness_min_percent: 20,
        brightness_max_percent: 97,
        contrast_min: 4,
        colour_required: true,
    };

    fn good() -> PictureFacts {
        PictureFacts {
            width_px: 900,
            height_px: 600,
            is_grey: false,
            sharpness: 400,
            brightness_percent: 60,
            contrast: 40,
            overexposed_percent: 5,
        }
    }

    fn said(kind: &str, picture: PictureFacts) -> Vec<String> {
        let mut row = MaterialRow { kind: kind.to_owned(), ..MaterialRow::default() };
        row.facts.picture = Some(picture);
        let findings = findings(&CONFIG, std::slice::from_ref(&row));
        assert!(findings.iter().all(|finding| finding.severity == Severity::Review && finding.code == CODE));
        assert!(findings.iter().all(|finding| finding.field == format!("materials.{kind}")));
        findings.into_iter().map(|finding| finding.message_zh).collect()
    }

    #[test]
    fn each_weakness_of_a_picture_is_told() {
        let kind = "organiser-certificate";
        assert_eq!(said(kind, good()), Vec::<String>::new());
        assert_eq!(said(kind, PictureFacts { brightness_percent: 12, ..good() }), ["图片过暗"]);
        assert_eq!(said(kind, PictureFacts { brightness_percent: 99, ..good() }), ["图片过曝"]);
        assert_eq!(
            said(kind, PictureFacts { sharpness: 3, brightness_percent: 1, ..good() }),
            ["图片过暗", "图片模糊"]
        );
        assert_eq!(said(kind, PictureFacts { contrast: 0, sharpness: 0, ..good() }), ["图片为空白或只有一种颜色"]);
        let grey = PictureFacts { is_grey: true, ..good() };
        assert_eq!(said(kind, grey.clone()), ["图片为黑白，须为原件彩色照片或扫描件"]);
        assert_eq!(said("commitment", grey), Vec::<String>::new(), "a letter is black on white");
    }

    #[test]
    fn the_setting_says_what_it_weighs() {
        let mut row = MaterialRow::default();
        row.facts.picture = Some(PictureFacts::default());
        let rows = [row];
        let with = |severity| findings(&QualityConfig { severity, ..CONFIG }, &rows);
        assert_eq!(with(Weight::Off), Vec::new());
        assert_eq!(with(Weight::Advise)[0].severity, Severity::Advise);
        assert_eq!(with(Weight::Block)[0].severity, Severity::Block);
    }

    #[test]
    fn what_the_scanner_has_not_let_through_blocks() {
        for (scan, said) in [
            (Scan::Off, None),
            (Scan::Clean, None),
            (Scan::Pending, Some("is still to be scanned for viruses")),
            (Scan::Infected, Some("holds the virus `Eicar`")),
        ] {
            let rows = [MaterialRow { scan, signature: Some("Eicar".to_owned()), ..MaterialRow::default() }];
            let found = unscanned(&rows);
            assert_eq!(found.first().map(|finding| finding.message_en.as_str()), said, "{scan:?}");
            assert!(found.iter().all(|finding| finding.severity == Severity::Block));
        }
    }
}

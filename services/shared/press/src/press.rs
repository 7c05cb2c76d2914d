//! Typesetting: a [`Paper`] becomes pages, the pages a PDF or a JPEG.
//!
//! A press holds the font and the typesetter's library, some ten megabytes. Fonts for rare characters are read when a
//! paper has one.

use std::path::{Path, PathBuf};

use jpeg_encoder::{ColorType, Encoder, PixelDensity};
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::ecow::EcoVec;
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::layout::{Frame, FrameItem};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::{LazyHash, Scalar};
use typst::{Library, LibraryExt as _, World};
use typst_layout::{Page, PagedDocument};
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};
use typst_render::RenderOptions;

use icp_papers::{Output, Paper, PrintJob, Template};

use crate::{PressError, fonts};

const MAIN: &str = "paper.typ";
const DATA: &str = "paper.json";
const COMMON: &str = "common.typ";

/// Dots per inch that are tried for a picture, the sharpest first; below the last one small print is not readable.
const RESOLUTIONS: [u16; 7] = [200, 180, 160, 144, 130, 120, 110];
const POINTS_PER_INCH: f64 = 72.0;
/// Below this quality the strokes of small characters blur.
const LOWEST_QUALITY: u8 = 40;
const HIGHEST_QUALITY: u8 = 92;
/// A picture within one part in so many of its limit is not made better.
const CLOSE_ENOUGH: usize = 32;

/// Prints one paper in the form that is asked for.
pub fn print(job: &PrintJob) -> Result<Vec<u8>, PressError> {
    let press = Press::open(job.font_file.as_deref())?;
    match job.output {
        Output::Pdf => press.pdf(&job.paper),
        Output::Jpeg { limit_bytes } => press.jpeg(&job.paper, limit_bytes),
    }
}

fn source(template: Template) -> &'static str {
    match template {
        Template::Slip => include_str!("../typst/slip.typ"),
        Template::Letter => include_str!("../typst/letter.typ"),
        Template::Receipt => include_str!("../typst/receipt.typ"),
    }
}

/// What sets papers.
pub struct Press {
    library: LazyHash<Library>,
    font: Font,
    /// Where to look for characters that the font lacks.
    others: Vec<PathBuf>,
}

impl Press {
    /// Opens with the font that `font_file` names, or one from the usual places. What it lacks is taken from the others.
    pub fn open(font_file: Option<&Path>) -> Result<Self, PressError> {
        let file = fonts::find(font_file)?;
        let others = fonts::others(&file);
        Ok(Self { library: LazyHash::new(Library::default()), font: fonts::load(&file)?, others })
    }

    /// The paper as a PDF (A4, PDF/A-3b).
    pub fn pdf(&self, paper: &Paper) -> Result<Vec<u8>, PressError> {
        let document = self.set(paper)?;
        let options = PdfOptions {
            ident: Smart::Custom(paper.ident.clone()),
            creator: Smart::Custom(Some("icp-papers".to_owned())),
            standards: PdfStandards::new(&[PdfStandard::A_3b])
                .map_err(|error| PressError::Template(error.message().to_string()))?,
            ..PdfOptions::default()
        };
        typst_pdf::pdf(&document, &options).map_err(|errors| template_error(&errors))
    }

    /// The first page as a grey JPEG of at most `limit_bytes`, as sharp as that allows.
    pub fn jpeg(&self, paper: &Paper, limit_bytes: usize) -> Result<Vec<u8>, PressError> {
        let document = self.set(&paper.without_annex().unwrap_or_else(|| paper.clone()))?;
        let page = document.pages().first().ok_or_else(|| PressError::Template("it has no page".to_owned()))?;
        // Most of the press's time goes into encoding. The fewer dots, the fewer bytes: the sharpest picture that fits is
        // found by halves.
        let mut sharpest = None;
        let (mut low, mut high) = (0, RESOLUTIONS.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            let picture = Grey::of(page, RESOLUTIONS[middle]);
            let jpeg = picture.encode(LOWEST_QUALITY)?;
            if jpeg.len() <= limit_bytes {
                sharpest = Some((picture, jpeg));
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        let (picture, jpeg) = sharpest.ok_or(PressError::TooHeavy { limit_bytes })?;
        picture.encode_within(limit_bytes, jpeg)
    }

    /// Sets a paper; one that must be one page is, but for its annex.
    fn set(&self, paper: &Paper) -> Result<PagedDocument, PressError> {
        if let Some(first) = paper.without_annex().filter(|first| first != paper) {
            self.set(&first)?;
            return self.compile(paper);
        }
        let document = self.compile(paper)?;
        match document.pages().len() {
            pages if paper.template.is_one_page() && pages > 1 => Err(PressError::TooLong { pages }),
            _ => Ok(document),
        }
    }

    /// With as few fonts as its characters need.
    fn compile(&self, paper: &Paper) -> Result<PagedDocument, PressError> {
        let mut fonts = vec![self.font.clone()];
        let mut others: Vec<&PathBuf> = self.others.iter().collect();
        loop {
            let document = self.compile_with(paper, &fonts)?;
            let missing = document.pages().iter().find_map(|page| find_missing_glyph(&page.frame));
            let Some(missing) = missing else { return Ok(document) };
            let found = others.iter().enumerate().find_map(|(index, path)| {
                let font = fonts::load(path).ok().filter(|font| fonts::has(font, missing))?;
                Some((index, font))
            });
            let (index, font) = found.ok_or(PressError::NoGlyph(missing))?;
            others.remove(index);
            fonts.push(font);
        }
    }

    fn compile_with(&self, paper: &Paper, fonts: &[Font]) -> Result<PagedDocument, PressError> {
        let family = &self.font.info().family;
        let main = format!("#set text(font: {family:?})\n{}", source(paper.template));
        let job = Job {
            library: &self.library,
            book: LazyHash::new(FontBook::from_fonts(fonts)),
            fonts,
            main: Source::new(file_id(MAIN)?, main),
            common: Source::new(file_id(COMMON)?, include_str!("../typst/common.typ").to_owned()),
            data_id: file_id(DATA)?,
            data: Bytes::new(paper.data.to_string().into_bytes()),
        };
        let document = typst::compile::<PagedDocument>(&job).output.map_err(|errors| template_error(&errors));
        // Nothing of one paper helps to set the next.
        typst::comemo::evict(0);
        document
    }
}

/// A page in shades of grey.
struct Grey {
    resolution: u16,
    width: u16,
    height: u16,
    shades: Vec<u8>,
}

impl Grey {
    /// A page at so many dots per inch.
    fn of(page: &Page, resolution: u16) -> Self {
        let pixel_per_pt = Scalar::new(f64::from(resolution) / POINTS_PER_INCH);
        let picture = typst_render::render(page, &RenderOptions { pixel_per_pt, ..RenderOptions::default() });
        // Rec. 601, on white paper: the page is opaque.
        let shade = |rgba: &[u8]| match rgba {
            [red, green, blue, _] => {
                u8::try_from((u32::from(*red) * 299 + u32::from(*green) * 587 + u32::from(*blue) * 114) / 1000)
                    .unwrap_or(u8::MAX)
            }
            _ => u8::MAX,
        };
        let side = |pixels: u32| u16::try_from(pixels).unwrap_or(u16::MAX);
        Self {
            resolution,
            width: side(picture.width()),
            height: side(picture.height()),
            shades: picture.data().chunks_exact(4).map(shade).collect(),
        }
    }

    fn encode(&self, quality: u8) -> Result<Vec<u8>, PressError> {
        let mut jpeg = Vec::new();
        let mut encoder = Encoder::new(&mut jpeg, quality);
        encoder.set_density(PixelDensity::dpi(self.resolution));
        // An eighth smaller, that is sharper within the limit.
        encoder.set_optimized_huffman_tables(true);
        encoder
            .encode(&self.shades, self.width, self.height, ColorType::Luma)
            .map_err(|error| PressError::Template(error.to_string()))?;
        Ok(jpeg)
    }

    /// In the best quality that fits; `worst` is the one that is known to.
    fn encode_within(&self, limit_bytes: usize, worst: Vec<u8>) -> Result<Vec<u8>, PressError> {
        let mut best = worst;
        let (mut low, mut high) = (LOWEST_QUALITY + 1, HIGHEST_QUALITY);
        while low <= high && best.len() < limit_bytes - limit_bytes / CLOSE_ENOUGH {
            let quality = low.midpoint(high);
            let jpeg = self.encode(quality)?;
            if jpeg.len() <= limit_bytes {
                best = jpeg;
                low = quality + 1;
            } else {
                high = quality - 1;
            }
        }
        Ok(best)
    }
}

/// One paper as the typesetter sees it: its sources and its fonts, the one that it asks for first.
struct Job<'a> {
    library: &'a LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: &'a [Font],
    main: Source,
    common: Source,
    data_id: FileId,
    data: Bytes,
}

impl World for Job<'_> {
    fn library(&self) -> &LazyHash<Library> {
        self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        let sources = [&self.main, &self.common];
        sources.into_iter().find(|source| source.id() == id).cloned().ok_or(FileError::AccessDenied)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.data_id { Ok(self.data.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.get(index).cloned()
    }

    /// Papers get their date as an argument.
    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

fn file_id(name: &str) -> Result<FileId, PressError> {
    let path = VirtualPath::new(name).map_err(|error| PressError::Template(format!("{name}: {error:?}")))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

fn template_error(errors: &EcoVec<SourceDiagnostic>) -> PressError {
    let texts: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    PressError::Template(texts.join("; "))
}

fn find_missing_glyph(frame: &Frame) -> Option<char> {
    frame.items().find_map(|(_, item)| match item {
        FrameItem::Group(group) => find_missing_glyph(&group.frame),
        FrameItem::Text(text) => {
            let missing = text.glyphs.iter().find(|glyph| glyph.id == 0)?;
            text.text.get(missing.range())?.chars().next()
        }
        _ => None,
    })
}

//! Small files of the formats that are taken beside pictures: valid, and empty of meaning.

/// A PDF with so many pages; `more` stands before its end.
pub fn pdf(pages: usize, more: &str) -> Vec<u8> {
    let mut text = "%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n\
                    2 0 obj\n<< /Type /Pages /Kids [] /Count 1 >>\nendobj\n"
        .to_owned();
    for page in 0..pages {
        text.push_str(&format!("{} 0 obj\n<< /Type /Page /Parent 2 0 R >>\nendobj\n", page + 3));
    }
    text.push_str("9000 0 obj\n<< /Length 9 >>\nstream\n(objects)\nendstream\nendobj\n");
    text.push_str(more);
    text.push_str("trailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF\n");
    text.into_bytes()
}

/// An MP4 of so many seconds, with the place of its recording; the track's handler is `vide` for one with a picture.
pub fn mp4(seconds: u16, handler: &[u8; 4]) -> Vec<u8> {
    let mut header = vec![0; 20];
    header[12..16].copy_from_slice(&1_000_u32.to_be_bytes());
    header[16..20].copy_from_slice(&(u32::from(seconds) * 1_000).to_be_bytes());
    let handler = boxed(b"hdlr", &[&[0; 8], &handler[..], &[0; 12]].concat());
    let track = boxed(b"trak", &boxed(b"mdia", &handler));
    let place = boxed(b"udta", &boxed(b"\xA9xyz", b"+22.54+114.06/"));
    let movie = boxed(b"moov", &[boxed(b"mvhd", &header), track, place].concat());
    [boxed(b"ftyp", b"mp42\0\0\0\0"), movie, boxed(b"mdat", &[7; 64])].concat()
}

fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len() + 8).unwrap_or(u32::MAX).to_be_bytes();
    [&size[..], name, content].concat()
}

//! Pictures as bitmaps.
//!
//! In: an SVG document of this crate. Out: PNG, two pixels for each of the document's. The letters are those that come with
//! the crate (DejaVu Sans), so that the bitmap is the same on every machine.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};
use std::sync::Arc;

static LETTERS: &[u8] = include_bytes!("../fonts/DejaVuSans-subset.ttf");

/// Of pixels of the document.
const ZOOM: f32 = 2.0;

/// Nothing where the document can not be drawn, which none of this crate's is.
pub fn render(svg: &str) -> Option<Vec<u8>> {
    let mut letters = fontdb::Database::new();
    letters.load_font_data(LETTERS.to_vec());
    letters.set_sans_serif_family("DejaVu Sans");
    let options =
        Options { fontdb: Arc::new(letters), font_family: "DejaVu Sans".to_string(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).ok()?;
    let size = tree.size();
    let mut pixels = Pixmap::new((size.width() * ZOOM) as u32, (size.height() * ZOOM) as u32)?;
    resvg::render(&tree, Transform::from_scale(ZOOM, ZOOM), &mut pixels.as_mut());
    pixels.encode_png().ok()
}

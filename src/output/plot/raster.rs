//! From SVG to PNG, with the one font that is embedded: the same bytes on every machine. Talks to `resvg`.

use std::sync::{Arc, LazyLock};

use resvg::{tiny_skia, usvg};

use super::PlotError;
use super::canvas::FONT;

/// How many pixels a picture may have: 256 MiB in memory.
const PIXELS_MAX: u64 = 1 << 26;

static FONTS: LazyLock<Arc<usvg::fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(FONT.to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    Arc::new(fonts)
});

/// The picture of an SVG that [`super::svg`] made, `scale` times as large; 2 for screens with many pixels.
///
/// # Errors
/// If it is not SVG, or the picture would have more than 2²⁶ pixels or none.
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>, PlotError> {
    let options = usvg::Options {
        fontdb: Arc::clone(&FONTS),
        font_family: "DejaVu Sans".into(),
        // Nothing is read from the machine.
        image_href_resolver: usvg::ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..usvg::Options::default()
    };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| PlotError::Draw(error.to_string()))?;
    let pixels = |length: f32| (f64::from(length) * f64::from(scale)).ceil();
    let (width, height) = (pixels(tree.size().width()), pixels(tree.size().height()));
    if !(width >= 1.0 && height >= 1.0 && width * height <= PIXELS_MAX as f64) {
        return Err(PlotError::Size { width_pixels: width as u32, height_pixels: height as u32 });
    }
    let too_large = || PlotError::Size { width_pixels: width as u32, height_pixels: height as u32 };
    let mut picture = tiny_skia::Pixmap::new(width as u32, height as u32).ok_or_else(too_large)?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut picture.as_mut());
    picture.encode_png().map_err(|error| PlotError::Draw(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_the_size_of_its_svg_and_shows_text() {
        let text = |text: &str| {
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"30\" height=\"20\"><text x=\"2\" y=\"15\" \
                 font-family=\"sans-serif\" font-size=\"12\">{text}</text></svg>"
            )
        };
        let picture = tiny_skia::Pixmap::decode_png(&png(&text("Aж→"), 2.0).unwrap()).unwrap();
        assert_eq!((picture.width(), picture.height()), (60, 40));
        assert!(picture.pixels().iter().any(|pixel| pixel.alpha() > 200));
        assert_eq!(png(&text("Aж→"), 2.0).unwrap(), png(&text("Aж→"), 2.0).unwrap());
    }

    #[test]
    fn what_is_no_picture_is_an_error() {
        assert!(matches!(png("no SVG", 1.0), Err(PlotError::Draw(_))));
        let huge = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100000\" height=\"100000\"/>";
        assert!(matches!(png(huge, 1.0), Err(PlotError::Size { .. })));
    }
}

//! Lines of text on paper, in the font of the screens: Arabic is shaped, and each line runs in its own direction.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use harfrust::{Direction, FontRef, ShapeOptions, ShaperData, ShaperInstance, Tag, UnicodeBuffer};
use krilla::geom::Point;
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use unicode_bidi::{BidiInfo, Level};

/// The font as browsers get it (OFL, see `public/fonts/OFL.txt`), in its two parts.
const ARABIC: &[u8] = include_bytes!("../../../public/fonts/cairo-arabic.woff2");
const LATIN: &[u8] = include_bytes!("../../../public/fonts/cairo-latin.woff2");
/// What the font's axis of weights is called.
const WEIGHT: &[u8; 4] = b"wght";

/// How heavy text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// As text is.
    Regular,
    /// For what is read first.
    Bold,
}

impl Weight {
    fn value(self) -> f32 {
        match self {
            Weight::Regular => 400.0,
            Weight::Bold => 800.0,
        }
    }
}

/// How a text is written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// How heavy.
    pub weight: Weight,
    /// It begins on the right; where nobody says, as its first letter does.
    pub is_rtl: Option<bool>,
    /// What stays free between letters, in parts of the text's size.
    pub spacing: f32,
}

/// The font.
pub struct Faces {
    arabic: Face,
    latin: Face,
}

struct Face {
    data: Arc<Vec<u8>>,
    shaping: ShaperData,
    regular: Cut,
    bold: Cut,
}

/// A face in one weight.
struct Cut {
    instance: ShaperInstance,
    font: Font,
}

/// A text, shaped; widths are in parts of its size.
#[derive(Default)]
pub struct Line {
    runs: Vec<Run>,
    /// How wide it is.
    pub width: f32,
}

struct Run {
    text: String,
    font: Font,
    glyphs: Vec<KrillaGlyph>,
    width: f32,
}

impl Faces {
    /// The font, unpacked the first time that it is asked for; none only if this program is broken.
    pub fn get() -> Option<&'static Faces> {
        static FACES: OnceLock<Option<Faces>> = OnceLock::new();
        let unpack = || {
            Some(Faces {
                arabic: Face::unpack(ARABIC)?,
                latin: Face::unpack(LATIN)?,
            })
        };
        FACES.get_or_init(unpack).as_ref()
    }

    /// Shapes a text, as one line.
    pub fn line(&self, text: &str, style: Style) -> Line {
        let text = text.replace(char::is_control, " ");
        let level = |is_rtl| if is_rtl { Level::rtl() } else { Level::ltr() };
        let bidi = BidiInfo::new(&text, style.is_rtl.map(level));
        let mut line = Line::default();
        for paragraph in &bidi.paragraphs {
            let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
            for run in runs {
                let is_rtl = levels.get(run.start).is_some_and(Level::is_rtl);
                let mut pieces = pieces(&text, run);
                if is_rtl {
                    pieces.reverse();
                }
                for (range, is_arabic) in pieces {
                    let face = if is_arabic { &self.arabic } else { &self.latin };
                    if let Some(run) = face.shape(&text[range], style, is_rtl) {
                        line.width += run.width;
                        line.runs.push(run);
                    }
                }
            }
        }
        line
    }
}

/// Splits a stretch of text where the other part of the font is needed, as browsers are told to.
fn pieces(text: &str, run: Range<usize>) -> Vec<(Range<usize>, bool)> {
    let mut pieces: Vec<(Range<usize>, bool)> = Vec::new();
    for (at, c) in text[run.clone()].char_indices() {
        let range = run.start + at..run.start + at + c.len_utf8();
        let is_arabic = matches!(
            c,
            '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{200c}'..='\u{200e}'
                | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        );
        match pieces.last_mut() {
            Some((last, was_arabic)) if *was_arabic == is_arabic => last.end = range.end,
            _ => pieces.push((range, is_arabic)),
        }
    }
    pieces
}

impl Face {
    fn unpack(packed: &[u8]) -> Option<Face> {
        let data = Arc::new(wuff::decompress_woff2(packed).ok()?);
        let font = FontRef::new(&data).ok()?;
        let cut = |weight: Weight| {
            let axis = (krilla::text::Tag::new(WEIGHT), weight.value());
            let variation = (Tag::new(WEIGHT), weight.value());
            Some(Cut {
                instance: ShaperInstance::from_variations(&font, [variation]),
                font: Font::new_variable(Arc::clone(&data).into(), 0, &[axis])?,
            })
        };
        Some(Face {
            shaping: ShaperData::new(&font),
            regular: cut(Weight::Regular)?,
            bold: cut(Weight::Bold)?,
            data: Arc::clone(&data),
        })
    }

    /// Shapes text of one direction and one face.
    fn shape(&self, text: &str, style: Style, is_rtl: bool) -> Option<Run> {
        let cut = match style.weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        };
        let font = FontRef::new(&self.data).ok()?;
        let shaper = self.shaping.shaper(&font);
        let shaper = shaper.instance(Some(&cut.instance)).build();
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        buffer.set_direction(if is_rtl {
            Direction::RightToLeft
        } else {
            Direction::LeftToRight
        });
        let shaped = shaper.shape(buffer, ShapeOptions::new());
        let place = |cluster: u32| usize::try_from(cluster).unwrap_or_default();
        let mut starts: Vec<usize> = shaped
            .glyph_infos()
            .iter()
            .map(|info| place(info.cluster))
            .collect();
        starts.sort_unstable();
        // What is copied from the file or searched in it is the text that each glyph stands for.
        let stands_for = |start: usize| {
            let next = starts.get(starts.partition_point(|at| *at <= start));
            start..next.copied().unwrap_or(text.len())
        };
        let part = |units: i32| units as f32 / cut.font.units_per_em();
        let glyphs = shaped.glyph_infos().iter().zip(shaped.glyph_positions());
        let glyphs: Vec<KrillaGlyph> = glyphs
            .map(|(info, position)| {
                KrillaGlyph::new(
                    GlyphId::new(info.glyph_id),
                    part(position.x_advance) + style.spacing,
                    part(position.x_offset),
                    part(position.y_offset),
                    part(position.y_advance),
                    stands_for(place(info.cluster)),
                    None,
                )
            })
            .collect();
        Some(Run {
            width: glyphs.iter().map(|glyph| glyph.x_advance).sum(),
            text: text.to_owned(),
            font: cut.font.clone(),
            glyphs,
        })
    }
}

impl Line {
    /// Draws it, from its left end on.
    pub fn draw(&self, surface: &mut Surface, left: f32, baseline: f32, size: f32) {
        let mut x = left;
        for run in &self.runs {
            surface.draw_glyphs(
                Point::from_xy(x, baseline),
                &run.glyphs,
                run.font.clone(),
                &run.text,
                size,
                false,
            );
            x += run.width * size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glyphs(text: &str, is_rtl: impl Into<Option<bool>>) -> Vec<u32> {
        let style = Style {
            weight: Weight::Regular,
            is_rtl: is_rtl.into(),
            spacing: 0.0,
        };
        let line = Faces::get().unwrap().line(text, style);
        let glyphs = line.runs.iter().flat_map(|run| &run.glyphs);
        glyphs.map(|glyph| glyph.glyph_id.to_u32()).collect()
    }

    #[test]
    fn arabic_letters_join_and_run_from_right_to_left() {
        let alone: Vec<u32> = "بيت"
            .chars()
            .map(|c| glyphs(&c.to_string(), true)[0])
            .collect();
        let joined = glyphs("بيت", true);
        assert!(joined.iter().all(|glyph| *glyph != 0), "the font has them");
        assert!(
            joined.iter().all(|glyph| !alone.contains(glyph)),
            "each has the shape of its place"
        );
        assert_eq!(glyphs("تيب", true).len(), joined.len());
        assert_ne!(glyphs("تيب", true), joined);
    }

    #[test]
    fn a_line_runs_in_its_own_direction_and_what_is_in_it_in_theirs() {
        let (word, number, name) = (
            glyphs("ساعة", true),
            glyphs("12", false),
            glyphs("PS", false),
        );
        let space = glyphs(" ", false);
        let all =
            |parts: &[&Vec<u32>]| parts.iter().copied().flatten().copied().collect::<Vec<_>>();
        let text = "ساعة 12 PS";
        assert_eq!(
            glyphs(text, true),
            all(&[&name, &space, &number, &space, &word])
        );
        assert_eq!(
            glyphs(text, false),
            all(&[&number, &space, &word, &space, &name])
        );
        assert_eq!(glyphs(text, None), glyphs(text, true));
        assert_eq!(glyphs("PS ساعة", None), glyphs("PS ساعة", false));
    }

    #[test]
    fn what_stands_on_cards_is_in_the_font() {
        let chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789٠١٢٣٤٥٦٧٨٩\
                     ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي-·….,:/@&()";
        for c in chars.chars() {
            let drawn = glyphs(&c.to_string(), false);
            assert!(drawn.iter().all(|glyph| *glyph != 0), "{c:?}");
        }
    }
}

//! One card: what stands on it, as on the print page, and where. All lengths are millimetres.

use krilla::color::luma;
use krilla::geom::{PathBuilder, Rect, Size, Transform};
use krilla::image::Image;
use krilla::paint::{Fill, Stroke, StrokeDash};
use krilla::surface::Surface;

use crate::domain::shop::Shop;
use crate::server::Prefs;
use crate::server::api::{CardView, QrView, SheetView};
use crate::server::paper::form::{Form, PADDING};
use crate::server::paper::text::{Faces, Style, Weight};

/// The smallest module that a phone's camera reads at arm's length.
const MODULE_MIN: f32 = 0.34;
/// What stays free around a code, in modules.
const QUIET: u32 = 4;
/// How much of a card's width and height its code may take; and where text stands beside it.
const SHARE: (f32, f32) = (1.0, 0.6);
const DENSE_SHARE: (f32, f32) = (0.6, 0.65);
/// How far things on a card lie apart.
const GAP: f32 = 0.5;
/// How high a line is, in parts of its text's size, and where letters stand in it.
const LINE: f32 = 1.35;
const BASELINE: f32 = 1.03;
/// Writing gets no smaller than this to go in; what still does not is cut off.
const TEXT_MIN: f32 = 1.6;
/// How high a picture is, in parts of the size of text, and how much of a card's width it may take.
const LOGO: (f32, f32) = (2.0, 0.4);
/// The sizes of text, in parts of the form's.
const SMALL: f32 = 0.8;
const LARGE: f32 = 1.6;

/// What all cards of a sheet have in common.
pub struct Sheet<'a> {
    /// The cards, and what else stands on them.
    pub view: &'a SheetView,
    /// The shop that they are of.
    pub shop: &'a Shop,
    /// The picture at their head.
    pub logo: Option<Image>,
    /// How words and numbers are written.
    pub prefs: Prefs,
    /// The paper.
    pub form: Form,
    /// The font.
    pub faces: &'static Faces,
}

/// One row of a card.
enum Row<'a> {
    /// The shop's name, and the voucher's number.
    Head(i32),
    Text(Writing),
    Codes(Vec<Code<'a>>),
}

struct Writing {
    text: String,
    size: f32,
    weight: Weight,
    is_ltr: bool,
    is_own: bool,
    spacing: f32,
}

/// A code with what it is for.
struct Code<'a> {
    qr: &'a QrView,
    side: f32,
    name: Option<&'static str>,
}

/// A part of a card: its left and upper edge, its width and height.
#[derive(Clone, Copy)]
struct Area {
    x: f32,
    y: f32,
    w: f32,
    h: f32,
}

impl Writing {
    fn new(text: impl Into<String>, size: f32) -> Writing {
        Writing {
            text: text.into(),
            size,
            weight: Weight::Regular,
            is_ltr: false,
            is_own: false,
            spacing: 0.0,
        }
    }

    fn bold(self) -> Writing {
        Writing {
            weight: Weight::Bold,
            ..self
        }
    }

    fn ltr(self) -> Writing {
        Writing {
            is_ltr: true,
            ..self
        }
    }
}

impl Sheet<'_> {
    /// Draws a card, its upper left corner at a place.
    pub fn draw(&self, surface: &mut Surface, card: &CardView, (left, top): (f32, f32)) {
        let (w, h) = self.form.card;
        if self.form.is_cut() {
            cut_marks(surface, left, top, self.form.card);
        }
        let mut area = Area {
            x: left + PADDING,
            y: top + PADDING,
            w: w - 2.0 * PADDING,
            h: h - 2.0 * PADDING,
        };
        // A roll has no edge on its sides that somebody could cut into.
        if !self.form.is_cut() {
            (area.x, area.w) = (left, w);
        }
        let codes = self.codes(card, area);
        let head = Row::Head(card.voucher.number);
        let (header, footer) = (
            own_line(&self.shop.sheet_header),
            own_line(&self.shop.sheet_footer),
        );
        let texts = self.texts(card).into_iter().map(Row::Text);
        if self.form.is_dense {
            let above: Vec<Row> = [Some(head), header].into_iter().flatten().collect();
            let below: Vec<Row> = footer.into_iter().collect();
            let height = |rows: &[Row]| rows.iter().map(|row| self.height(row, 1.0)).sum::<f32>();
            let (h_above, h_below) = (height(&above), height(&below));
            self.stack(surface, &above, Area { h: h_above, ..area });
            let y = area.y + area.h - h_below;
            self.stack(
                surface,
                &below,
                Area {
                    y,
                    h: h_below,
                    ..area
                },
            );
            (area.y, area.h) = (area.y + h_above, area.h - h_above - h_below);
            if let Some(code) = codes.first() {
                let side = code.side;
                let x = if self.is_rtl() {
                    area.x + area.w - side
                } else {
                    area.x
                };
                draw_code(surface, code.qr, x, area.y + (area.h - side) / 2.0, side);
                area.x += if self.is_rtl() { 0.0 } else { side };
                area.w -= side;
            }
            self.stack(surface, &texts.collect::<Vec<_>>(), area);
        } else {
            let codes = (!codes.is_empty()).then_some(Row::Codes(codes));
            let above = [Some(head), header, codes].into_iter().flatten();
            let rows: Vec<Row> = above.chain(texts).chain(footer).collect();
            self.stack(surface, &rows, area);
        }
    }

    fn is_rtl(&self) -> bool {
        self.prefs.is_arabic()
    }

    /// What is written below or beside the codes, in the order of the print page.
    fn texts(&self, card: &CardView) -> Vec<Writing> {
        let (package, prefs) = (&self.view.package, self.prefs);
        let code = Writing::new(card.voucher.code.clone(), LARGE);
        let code = Writing {
            spacing: 0.08,
            ..code.bold().ltr()
        };
        let name = package.name.text(prefs.is_arabic()).to_owned();
        let price = prefs.money_unit(package.price);
        let time = prefs.stretch(self.view.batch.limit_minutes);
        let bytes = prefs.bytes(self.view.batch.limit_bytes);
        let mut texts = vec![code];
        if self.form.is_dense {
            texts[0].size = 1.3;
            texts.push(Writing::new(name, 1.0).bold());
            texts.extend([price, time, bytes].map(|text| Writing::new(text, 1.0)));
        } else {
            texts.push(Writing::new(format!("{name} · {price}"), 1.0).bold());
            texts.push(Writing::new(format!("{time} · {bytes}"), 1.0));
        }
        let portal = self.view.portal.as_deref();
        texts.extend(portal.map(|portal| Writing::new(format!("http://{portal}"), SMALL).ltr()));
        let is_copy = card.voucher.printed.is_some();
        texts.extend(is_copy.then(|| Writing::new(prefs.words().reprint, SMALL)));
        texts
    }

    /// The codes of a card, each as large as there is room for. One that no camera would read is left out.
    fn codes<'a>(&'a self, card: &'a CardView, area: Area) -> Vec<Code<'a>> {
        let words = self.prefs.words();
        let log_in = card.qr.as_ref().map(|qr| (qr, words.scan_to_log_in));
        let join = self.view.wifi_qr.as_ref();
        let join = join.filter(|_| !self.form.is_dense);
        let join = join.map(|qr| (qr, words.scan_to_join));
        let found: Vec<_> = [join, log_in].into_iter().flatten().collect();
        let is_one = found.len() == 1;
        let (w, h) = if self.form.is_dense {
            DENSE_SHARE
        } else {
            SHARE
        };
        let room = if is_one {
            area.w * w
        } else {
            (area.w - GAP) / 2.0
        };
        let room = room.min(area.h * h);
        let sized = found.into_iter().map(|(qr, name)| Code {
            qr,
            side: self.form.code.min(room).max(width(qr) * MODULE_MIN),
            // What logs in needs no name where nothing else is there.
            name: join.is_some().then_some(name),
        });
        sized.filter(|code| code.side <= room).collect()
    }

    /// How high the head is, in parts of the size of text.
    fn head_height(&self) -> f32 {
        if self.logo.is_some() { LOGO.0 } else { LINE }
    }

    /// Draws the picture where reading begins; what is left of the line.
    fn draw_logo(&self, surface: &mut Surface, height: f32, area: Area) -> Area {
        let Some(logo) = &self.logo else {
            return area;
        };
        let (w, h) = logo.size();
        let (w, h) = (to_f32(w), to_f32(h));
        let scale = (height / h).min(area.w * LOGO.1 / w);
        let (w, h) = (w * scale, h * scale);
        let (x, rest) = if self.is_rtl() {
            (area.x + area.w - w, area.x)
        } else {
            (area.x, area.x + w + 2.0 * GAP)
        };
        if let Some(size) = Size::from_wh(w, h) {
            let place = Transform::from_translate(x, area.y + (height - h) / 2.0);
            surface.push_transform(&place);
            surface.draw_image(logo.clone(), size);
            surface.pop();
        }
        Area {
            x: rest,
            w: area.w - w - 2.0 * GAP,
            ..area
        }
    }

    /// The picture, the shop's name and the voucher's number: a line from end to end.
    fn head(&self, surface: &mut Surface, number: i32, scale: f32, area: Area) {
        let size = self.form.text * scale;
        let height = self.head_height() * size;
        let area = self.draw_logo(surface, height, area);
        let number = Writing::new(self.prefs.number(number), 1.0);
        let number = self.faces.line(&number.text, self.style(&number));
        let mut name = Writing::new(self.shop.name.clone(), 1.0).bold();
        let room = area.w - number.width * size - 2.0 * GAP;
        let name_size = self.fit(&mut name, size, room);
        let name = self.faces.line(&name.text, self.style(&name));
        let far = |width: f32| area.x + area.w - width;
        let (name_x, number_x) = if self.is_rtl() {
            (far(name.width * name_size), area.x)
        } else {
            (area.x, far(number.width * size))
        };
        let baseline = area.y + (height - size * LINE) / 2.0 + size * BASELINE;
        name.draw(surface, name_x, baseline, name_size);
        number.draw(surface, number_x, baseline, size);
    }

    /// Draws rows one below the other in the middle of an area; text gets smaller where they are too high.
    fn stack(&self, surface: &mut Surface, rows: &[Row], area: Area) {
        let heights = |scale| rows.iter().map(|row| self.height(row, scale)).sum::<f32>();
        let (all, fixed) = (heights(1.0), heights(0.0));
        let scale = if all > area.h {
            ((area.h - fixed) / (all - fixed)).max(0.1)
        } else {
            1.0
        };
        let mut y = area.y + ((area.h - heights(scale)) / 2.0).max(0.0);
        for row in rows {
            match row {
                Row::Head(number) => self.head(surface, *number, scale, Area { y, ..area }),
                Row::Text(text) => self.write(surface, text, scale, Area { y, ..area }),
                Row::Codes(codes) => self.draw_codes(surface, codes, scale, Area { y, ..area }),
            }
            y += self.height(row, scale);
        }
    }

    fn height(&self, row: &Row, scale: f32) -> f32 {
        let text = |size: f32| size * self.form.text * scale * LINE;
        match row {
            Row::Head(_) => (self.head_height() * self.form.text + GAP) * scale,
            Row::Text(line) => text(line.size) + GAP * scale,
            Row::Codes(codes) => {
                let is_named = codes.iter().any(|code| code.name.is_some());
                let names = if is_named { text(SMALL) } else { 0.0 };
                let side = codes.iter().map(|code| code.side).fold(0.0, f32::max);
                side + names + GAP * scale
            }
        }
    }

    fn style(&self, text: &Writing) -> Style {
        Style {
            weight: text.weight,
            // What the shop wrote runs as its first letter does.
            is_rtl: (!text.is_own).then_some(self.is_rtl() && !text.is_ltr),
            spacing: text.spacing,
        }
    }

    /// Writes a text in the middle of an area's width.
    fn write(&self, surface: &mut Surface, text: &Writing, scale: f32, area: Area) {
        let wanted = text.size * self.form.text * scale;
        let mut text = Writing {
            text: text.text.clone(),
            ..*text
        };
        let size = self.fit(&mut text, wanted, area.w);
        let line = self.faces.line(&text.text, self.style(&text));
        let left = area.x + (area.w - line.width * size) / 2.0;
        line.draw(surface, left, area.y + wanted * BASELINE, size);
    }

    /// The size at which a text goes into a width; what does not at the smallest is cut off. A code never is.
    fn fit(&self, text: &mut Writing, wanted: f32, room: f32) -> f32 {
        let width = self.faces.line(&text.text, self.style(text)).width;
        let fitting = wanted.min(room / width.max(f32::EPSILON));
        let smallest = TEXT_MIN.min(wanted);
        if fitting >= smallest || text.is_ltr {
            return fitting;
        }
        let mut kept: Vec<char> = text.text.chars().collect();
        while kept.pop().is_some() {
            text.text = kept.iter().copied().chain(['…']).collect();
            let width = self.faces.line(&text.text, self.style(text)).width;
            if width * smallest <= room {
                break;
            }
        }
        smallest
    }

    /// Draws codes side by side, each with its name below; the first stands where reading begins.
    fn draw_codes(&self, surface: &mut Surface, codes: &[Code], scale: f32, area: Area) {
        let side = codes.iter().map(|code| code.side).fold(0.0, f32::max);
        let n = codes.iter().fold(0.0, |n, _| n + 1.0);
        let slot = area.w / n;
        let mut x = if self.is_rtl() {
            area.x + area.w - slot
        } else {
            area.x
        };
        for code in codes {
            let (left, top) = (
                x + (slot - code.side) / 2.0,
                area.y + (side - code.side) / 2.0,
            );
            draw_code(surface, code.qr, left, top, code.side);
            if let Some(name) = code.name {
                let below = Area {
                    x,
                    y: area.y + side,
                    w: slot,
                    ..area
                };
                self.write(surface, &Writing::new(name, SMALL), scale, below);
            }
            x += if self.is_rtl() { -slot } else { slot };
        }
    }
}

/// A line that the shop wrote itself; none where it wrote nothing.
fn own_line<'a>(text: &str) -> Option<Row<'a>> {
    let line = Writing {
        is_own: true,
        ..Writing::new(text.trim(), SMALL)
    };
    (!line.text.is_empty()).then_some(Row::Text(line))
}

/// How wide a code is with what stays free around it, in modules.
fn width(qr: &QrView) -> f32 {
    to_f32(qr.n_modules + 2 * QUIET)
}

fn to_f32(n: u32) -> f32 {
    u16::try_from(n).unwrap_or(u16::MAX).into()
}

/// Draws a code into a square, as one shape: between shapes that touch a screen may show a hairline.
fn draw_code(surface: &mut Surface, qr: &QrView, left: f32, top: f32, side: f32) {
    let mut path = PathBuilder::new();
    for (x, y, n) in qr.runs() {
        let (x, y, n) = (to_f32(x + QUIET), to_f32(y + QUIET), to_f32(n));
        if let Some(run) = Rect::from_xywh(x, y, n, 1.0) {
            path.push_rect(run);
        }
    }
    let Some(path) = path.finish() else {
        return;
    };
    let module = side / width(qr);
    surface.push_transform(&Transform::from_row(module, 0.0, 0.0, module, left, top));
    surface.set_fill(Some(black()));
    surface.draw_path(&path);
    surface.set_fill(None);
    surface.pop();
}

fn black() -> Fill {
    Fill {
        paint: luma::Color::black().into(),
        ..Fill::default()
    }
}

/// Where scissors go: the edge of a card, dashed, its corners round.
fn cut_marks(surface: &mut Surface, left: f32, top: f32, (w, h): (f32, f32)) {
    const ROUND: f32 = 2.0;
    /// How far a curve's handles lie from its ends to look like a part of a circle.
    const HANDLE: f32 = ROUND * 0.5523;
    let (right, bottom) = (left + w, top + h);
    let mut edge = PathBuilder::new();
    edge.move_to(left + ROUND, top);
    edge.line_to(right - ROUND, top);
    edge.cubic_to(
        right - ROUND + HANDLE,
        top,
        right,
        top + ROUND - HANDLE,
        right,
        top + ROUND,
    );
    edge.line_to(right, bottom - ROUND);
    edge.cubic_to(
        right,
        bottom - ROUND + HANDLE,
        right - ROUND + HANDLE,
        bottom,
        right - ROUND,
        bottom,
    );
    edge.line_to(left + ROUND, bottom);
    edge.cubic_to(
        left + ROUND - HANDLE,
        bottom,
        left,
        bottom - ROUND + HANDLE,
        left,
        bottom - ROUND,
    );
    edge.line_to(left, top + ROUND);
    edge.cubic_to(
        left,
        top + ROUND - HANDLE,
        left + ROUND - HANDLE,
        top,
        left + ROUND,
        top,
    );
    edge.close();
    if let Some(edge) = edge.finish() {
        surface.set_stroke(Some(Stroke {
            paint: luma::Color::new(0x77).into(),
            width: 0.25,
            dash: Some(StrokeDash {
                array: vec![0.8, 0.8],
                offset: 0.0,
            }),
            ..Stroke::default()
        }));
        surface.draw_path(&edge);
        surface.set_stroke(None);
    }
}

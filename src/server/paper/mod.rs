//! Vouchers on paper without a browser: the cards of the print page as a PDF, for whoever prints elsewhere.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "places on paper are measured, not counted"
)]

mod card;
mod form;
mod text;

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use krilla::Document;
use krilla::geom::Transform;
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::domain::id::BatchId;
use crate::domain::shop::Shop;
use crate::server::api::SheetView;
use crate::server::paper::card::Sheet;
use crate::server::paper::form::Form;
use crate::server::paper::text::Faces;
use crate::server::{Error, Prefs, Server, logo, sheet, sync};

/// How long a millimetre is in a PDF, which counts in points.
const MM: f32 = 72.0 / 25.4;

/// Which cards, and on what.
#[derive(Deserialize)]
pub struct Ask {
    batch: BatchId,
    form: String,
    /// Only those that are not printed yet.
    #[serde(default)]
    new: bool,
}

/// Answers with the cards of a batch as a PDF.
pub async fn download(
    State(server): State<Arc<Server>>,
    prefs: Prefs,
    ask: Result<Query<Ask>, QueryRejection>,
) -> Result<Response, Error> {
    let Query(ask) = ask.map_err(|_| Error::BadRequest)?;
    let (name, pdf) = make(&server, prefs, ask).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        // It is as good as the codes that stand in it.
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, pdf).into_response())
}

/// Draws the cards; what the file is called, and the file.
async fn make(server: &Server, prefs: Prefs, ask: Ask) -> Result<(String, Vec<u8>), Error> {
    let form = Form::find(&ask.form).ok_or(Error::BadRequest)?;
    let mut view = sheet(server, ask.batch).await?;
    if ask.new {
        view.cards.retain(|card| card.voucher.printed.is_none());
    }
    if view.cards.is_empty() {
        return Err(Error::NotFound);
    }
    let mut read = server.readers.acquire().await?;
    let shop = sync::shop(&mut read).await?;
    let logo = logo::on_paper(&mut read, &shop).await?;
    drop(read);
    let title = title(&view, prefs);
    let name = file_name(&title, form);
    // Hundreds of cards take a while: others are answered meanwhile.
    let draw = move || draw(&view, &shop, logo, prefs, form, &title);
    let drawn = tokio::task::spawn_blocking(draw).await;
    let pdf = drawn.ok().flatten().ok_or(Error::Internal)?;
    Ok((name, pdf))
}

/// What the sheet is called: its batch's name, or what that grants.
fn title(view: &SheetView, prefs: Prefs) -> String {
    match view.batch.name.trim() {
        "" => view.package.name.text(prefs.is_arabic()).to_owned(),
        name => name.to_owned(),
    }
}

/// What a browser saves it as; one that does not know the second way to say so takes the first.
fn file_name(title: &str, form: Form) -> String {
    let full = format!("{title} {}.pdf", form.title);
    let encoded = utf8_percent_encode(&full, NON_ALPHANUMERIC);
    format!(
        "attachment; filename=\"vouchers-{}.pdf\"; filename*=UTF-8''{encoded}",
        form.title
    )
}

/// Draws cards on as many pages as they need.
fn draw(
    view: &SheetView,
    shop: &Shop,
    logo: Option<Image>,
    prefs: Prefs,
    form: Form,
    title: &str,
) -> Option<Vec<u8>> {
    let sheet = Sheet {
        view,
        shop,
        logo,
        prefs,
        form,
        faces: Faces::get()?,
    };
    let size = PageSettings::from_wh(form.page.0 * MM, form.page.1 * MM)?;
    let mut document = Document::new();
    let language = if prefs.is_arabic() { "ar" } else { "en" };
    let about = Metadata::new().title(title.to_owned());
    document.set_metadata(about.language(language.to_owned()));
    for cards in view.cards.chunks(form.n_cards()) {
        let mut page = document.start_page_with(size.clone());
        let mut surface = page.surface();
        surface.push_transform(&Transform::from_scale(MM, MM));
        for (n, card) in cards.iter().enumerate() {
            sheet.draw(&mut surface, card, form.place(n, prefs.is_arabic()));
        }
        surface.pop();
        surface.finish();
        page.finish();
    }
    document.finish().ok()
}

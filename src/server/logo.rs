//! The picture on printed vouchers: looked at before it is kept, and shown to whoever is signed in.

use std::io::Cursor;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use krilla::image::Image;
use png::Limits;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::domain::logo::{LOGO_BYTES_MAX, LOGO_SIDE_MAX, LogoFlaw, LogoKind};
use crate::domain::op::Body;
use crate::domain::shop::{Shop, ShopChange};
use crate::domain::staff::Staff;
use crate::server::{Error, Server, clock, db};

/// How many pictures are kept, so that the one before can be put back.
const LOGOS_MAX: i64 = 8;
/// How much memory unpacking one may take: four bytes a pixel, and the reader's own.
const UNPACKED_BYTES_MAX: usize = 32 << 20;

/// Keeps a picture, given in base64, and has vouchers show it.
pub async fn set(server: &Server, who: &Staff, picture: &str) -> Result<(), Error> {
    // Base64 is a third longer.
    if picture.len() > LOGO_BYTES_MAX * 2 {
        return Err(Error::BadLogo(LogoFlaw::TooHeavy));
    }
    let bytes = BASE64_STANDARD.decode(picture);
    let bytes = bytes.map_err(|_| Error::BadRequest)?;
    let looked = tokio::task::spawn_blocking(move || check(&bytes).map(|()| bytes));
    // Whatever a file does to its reader, it is no picture.
    let looked = looked.await.unwrap_or(Err(LogoFlaw::Broken));
    let bytes = looked.map_err(Error::BadLogo)?;
    let name: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut write = server.logins.lock().await;
    db::logo::put(&mut write, &name, &bytes, clock::now(), LOGOS_MAX).await?;
    drop(write);
    let changes = vec![ShopChange::SheetLogo(name)];
    let body = Body::ShopEdited { changes };
    server.record(who.staff_id, who.role, vec![body]).await
}

/// Unpacks a picture as whoever draws it will have to.
fn check(bytes: &[u8]) -> Result<(), LogoFlaw> {
    let kind = LogoKind::of(bytes)?;
    let (width, height) = match kind {
        LogoKind::Png => {
            let limits = Limits {
                bytes: UNPACKED_BYTES_MAX,
            };
            let file = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
            let mut file = file.read_info().map_err(|_| LogoFlaw::Broken)?;
            let size = file.info().size();
            check_size(size)?;
            let n_bytes = file
                .output_buffer_size()
                .filter(|n| *n <= UNPACKED_BYTES_MAX);
            let mut pixels = vec![0; n_bytes.ok_or(LogoFlaw::TooLarge)?];
            file.next_frame(&mut pixels).map_err(|_| LogoFlaw::Broken)?;
            file.finish().map_err(|_| LogoFlaw::Broken)?;
            size
        }
        LogoKind::Jpeg => {
            let options = DecoderOptions::default().set_strict_mode(true);
            let mut file = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
            file.decode_headers().map_err(|_| LogoFlaw::Broken)?;
            let info = file.info().ok_or(LogoFlaw::Broken)?;
            let size = (info.width.into(), info.height.into());
            check_size(size)?;
            file.decode().map_err(|_| LogoFlaw::Broken)?;
            size
        }
    };
    let drawn = draw(bytes).filter(|image| image.size() == (width, height));
    drawn.map(drop).ok_or(LogoFlaw::Broken)
}

fn check_size((width, height): (u32, u32)) -> Result<(), LogoFlaw> {
    let is_fine = |side: u32| (1..=LOGO_SIDE_MAX).contains(&side);
    if is_fine(width) && is_fine(height) {
        Ok(())
    } else {
        Err(LogoFlaw::TooLarge)
    }
}

/// A picture for paper.
fn draw(bytes: &[u8]) -> Option<Image> {
    let data = bytes.to_vec().into();
    match LogoKind::of(bytes).ok()? {
        LogoKind::Png => Image::from_png(data, true),
        LogoKind::Jpeg => Image::from_jpeg(data, true),
    }
    .ok()
}

/// The picture that a shop's vouchers show, for paper; none where they show none.
pub async fn on_paper(
    connection: &mut SqliteConnection,
    shop: &Shop,
) -> Result<Option<Image>, Error> {
    let found = db::logo::find(connection, &shop.sheet_logo).await?;
    Ok(found.and_then(|bytes| draw(&bytes)))
}

/// Shows a picture by its name. What has this name never changes.
pub async fn show(
    State(server): State<Arc<Server>>,
    Path(name): Path<String>,
) -> Result<Response, Error> {
    let mut read = server.readers.acquire().await?;
    let found = db::logo::find(&mut read, &name).await?;
    let bytes = found.ok_or(Error::NotFound)?;
    let kind = LogoKind::of(&bytes).map_err(|_| Error::NotFound)?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(kind.media_type()),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, max-age=31536000, immutable"),
        ),
    ];
    Ok((headers, bytes).into_response())
}

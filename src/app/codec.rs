//! How values cross between server and browser: as JSON, read the one way that [`json`] reads.

use leptos::prelude::*;
use leptos::server::codee::{Decoder, Encoder};
use leptos::server_fn::codec::Post;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType};
use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::Error;

use crate::domain::json;

/// The codec of server functions and of what a page is drawn from.
pub struct Json;

/// A server function's arguments, or its answer.
pub type Body = Post<Json>;

/// What a page waits for: from the server along with the page, or by a call later.
pub type Awaited<T> = Resource<T, Json>;

impl ContentType for Json {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for Json {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for Json {
    type Error = Error;

    fn encode(value: &T) -> Result<Bytes, Error> {
        serde_json::to_vec(value).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for Json {
    type Error = Error;

    fn decode(bytes: Bytes) -> Result<T, Error> {
        json::read(std::str::from_utf8(&bytes).map_err(Error::custom)?)
    }
}

impl<T: Serialize> Encoder<T> for Json {
    type Error = Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for Json {
    type Error = Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Error> {
        json::read(text)
    }
}

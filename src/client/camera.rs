//! The camera: what it sees, and the codes in that. Some browsers read codes by themselves; of others a picture is taken,
//! small and grey, for the server to read.

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8ClampedArray};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlCanvasElement, HtmlVideoElement};

use crate::client::page::{base64, window};
use crate::domain::scan::{SIDE_MAX, grey, pack};

/// How wide a camera's picture should be, in pixels, where it can choose: a small code needs them.
const WIDTH_WANTED: u32 = 1_920;
/// What the browser's own reader is asked for.
const FORMAT: &str = "qr_code";

/// Why there is no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CameraError {
    /// Browsers give a camera to pages on https and on localhost only.
    Unsafe,
    /// Somebody said no, now or once for all.
    NotAllowed,
    /// There is none.
    Missing,
    /// It is there, and gives no picture: another program may have it.
    Busy,
}

/// A camera that is on for as long as this is kept.
pub struct Camera {
    video: HtmlVideoElement,
    stream: JsValue,
    /// What reads codes in this browser, if anything does.
    reader: Option<JsValue>,
}

impl Camera {
    /// Switches the camera on that looks away from who holds the device, and shows what it sees.
    pub async fn open(video: HtmlVideoElement) -> Result<Camera, CameraError> {
        let devices = get(&window().navigator(), "mediaDevices");
        let wanted = object(&[
            ("facingMode", "environment".into()),
            ("width", object(&[("ideal", WIDTH_WANTED.into())])),
        ]);
        let asked = call(
            &devices,
            "getUserMedia",
            &[object(&[("audio", false.into()), ("video", wanted)])],
        );
        let stream = promised(asked.ok_or(CameraError::Unsafe)?).await;
        let stream = stream.map_err(|error| why(&error))?;
        let camera = Camera {
            video,
            stream,
            reader: reader().await,
        };
        Reflect::set(&camera.video, &"srcObject".into(), &camera.stream).ok();
        if let Ok(playing) = camera.video.play() {
            JsFuture::from(playing).await.ok();
        }
        Ok(camera)
    }

    /// What is written in the codes that it sees; none where this browser reads no codes.
    pub async fn texts(&self) -> Option<Vec<String>> {
        let reader = self.reader.as_ref()?;
        // There may be no picture yet.
        let Some(asked) = call(reader, "detect", &[self.video.clone().into()]) else {
            return Some(Vec::new());
        };
        let found = promised(asked).await.unwrap_or_default();
        let found = found.dyn_into::<Array>().unwrap_or_default();
        let texts = found.iter().map(|code| get(&code, "rawValue"));
        Some(texts.filter_map(|text| text.as_string()).collect())
    }

    /// The middle of what it sees, where somebody aims: how wide and high it is, and its pixels, packed and in base64.
    /// None as long as there is no picture.
    pub fn picture(&self) -> Option<(u32, String)> {
        let (width, height) = (self.video.video_width(), self.video.video_height());
        let across = width.min(height) / 3 * 2;
        let side = across.min(SIDE_MAX);
        let canvas = window().document()?.create_element("canvas").ok()?;
        let canvas = canvas.dyn_into::<HtmlCanvasElement>().ok()?;
        canvas.set_width(side);
        canvas.set_height(side);
        let paper = canvas.get_context("2d").ok()??;
        let from = [(width - across) / 2, (height - across) / 2, across, across];
        let numbers = from.into_iter().chain([0, 0, side, side]);
        let mut drawn: Vec<JsValue> = vec![self.video.clone().into()];
        drawn.extend(numbers.map(JsValue::from));
        call(&paper, "drawImage", &drawn)?;
        let area = [0, 0, side, side].map(JsValue::from);
        let pixels = get(&call(&paper, "getImageData", &area)?, "data");
        let pixels = pixels.dyn_into::<Uint8ClampedArray>().ok()?.to_vec();
        let shades: Vec<u8> = pixels
            .chunks_exact(4)
            .map(|pixel| grey(pixel[0], pixel[1], pixel[2]))
            .collect();
        Some((side, base64(&pack(&shades))))
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        let tracks = call(&self.stream, "getTracks", &[]).unwrap_or_default();
        for track in tracks.dyn_into::<Array>().unwrap_or_default() {
            call(&track, "stop", &[]);
        }
        Reflect::set(&self.video, &"srcObject".into(), &JsValue::NULL).ok();
    }
}

/// Why the browser gave no camera, by the name of its error.
fn why(error: &JsValue) -> CameraError {
    match get(error, "name").as_string().as_deref() {
        Some("NotAllowedError" | "SecurityError") => CameraError::NotAllowed,
        Some("NotReadableError" | "AbortError") => CameraError::Busy,
        _ => CameraError::Missing,
    }
}

/// The browser's own reader of codes, where it has one that knows ours.
async fn reader() -> Option<JsValue> {
    let class = get(&window(), "BarcodeDetector");
    let asked = call(&class, "getSupportedFormats", &[])?;
    let formats = promised(asked).await.ok()?.dyn_into::<Array>().ok()?;
    if !formats.includes(&FORMAT.into(), 0) {
        return None;
    }
    let formats = Array::of1(&FORMAT.into());
    let options = Array::of1(&object(&[("formats", formats.into())]));
    Reflect::construct(class.unchecked_ref::<Function>(), &options).ok()
}

fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &(*name).into(), value).ok();
    }
    object.into()
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}

/// Calls a method; none where there is no such method, or it fails.
fn call(object: &JsValue, name: &str, arguments: &[JsValue]) -> Option<JsValue> {
    let method = get(object, name).dyn_into::<Function>().ok()?;
    method.apply(object, &arguments.iter().collect()).ok()
}

async fn promised(promise: JsValue) -> Result<JsValue, JsValue> {
    JsFuture::from(Promise::resolve(&promise)).await
}

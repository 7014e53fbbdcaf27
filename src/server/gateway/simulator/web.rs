//! The simulated device on the network: REST as RouterOS speaks it, the hotspot's login page, and - what no real device
//! has - `/simulator`, where tests look into it and let things happen.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::server::gateway::item::text;
use crate::server::gateway::simulator::Shared;
use crate::server::gateway::simulator::device::{Device, Fail, Rights};
use crate::server::gateway::simulator::fault::{Fault, Faults};
use crate::server::gateway::simulator::guest::Guest;
use crate::server::gateway::simulator::menu::{Kind, MENUS};

/// The largest request that the device reads.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The connection is to be closed without an answer.
#[derive(Debug)]
pub struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dropped")
    }
}

impl std::error::Error for Dropped {}

type Answer = Response<Full<Bytes>>;

/// Answers a request.
pub async fn answer(shared: &Shared, request: Request<Incoming>) -> Result<Answer, Dropped> {
    let path = request.uri().path().to_owned();
    if let Some(path) = path.strip_prefix("/rest") {
        return rest(shared, path, request).await;
    }
    if let Some(action) = path.strip_prefix("/simulator") {
        return Ok(control(shared, action.trim_start_matches('/').to_owned(), request).await);
    }
    let query = pairs(request.uri().query().unwrap_or_default());
    let word = |key: &str| query.get(key).map_or("", String::as_str);
    match path.as_str() {
        "/login" => {
            let mac = query.get("mac").map_or("02:00:00:AA:BB:01", String::as_str);
            let said = shared
                .device()
                .log_in(word("username"), word("password"), mac);
            let words = said.err().unwrap_or_else(|| "You are logged in".to_owned());
            Ok(page(
                StatusCode::OK,
                &format!("<html><body>{words}</body></html>"),
            ))
        }
        _ => Ok(page(
            StatusCode::NOT_FOUND,
            "<html><body>Error 404: Not Found</body></html>",
        )),
    }
}

async fn rest(shared: &Shared, path: &str, request: Request<Incoming>) -> Result<Answer, Dropped> {
    let fault = shared.faults().take();
    if let Some(fault) = fault {
        tokio::time::sleep(fault.delay()).await;
    }
    match fault {
        Some(Fault::DropBefore) => return Err(Dropped),
        Some(Fault::WrongLogin) => return Ok(refuse(401, "")),
        Some(Fault::RestOff) => {
            return Ok(page(
                StatusCode::FORBIDDEN,
                "<html><body>Error 403: Forbidden</body></html>",
            ));
        }
        Some(Fault::BadType) => return Ok(refuse(415, "")),
        Some(Fault::OtherPage) => {
            return Ok(page(StatusCode::OK, "<html><body>Welcome!</body></html>"));
        }
        _ => {}
    }
    // One at a time, each taking the time that the device needs for it.
    let _turn = shared.turn.lock().await;
    let (parts, body) = request.into_parts();
    let Some(rights) = rights(
        shared,
        parts.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes),
    ) else {
        return Ok(refuse(401, ""));
    };
    let body = Limited::new(body, BODY_BYTES_MAX)
        .collect()
        .await
        .map_err(|_| Dropped)?
        .to_bytes();
    if !body.is_empty()
        && parts
            .headers
            .get(CONTENT_TYPE)
            .is_none_or(|value| value != "application/json")
    {
        return Ok(refuse(415, ""));
    }
    let n_before = shared.device().n_added;
    let was_full = shared.device().is_full;
    shared.device().is_full |= fault == Some(Fault::Full);
    let done = command(
        shared,
        &Rights(&rights),
        &parts.method,
        path,
        parts.uri.query(),
        &body,
    );
    shared.device().is_full = was_full;
    let n_added = shared.device().n_added - n_before;
    tokio::time::sleep(shared.pace.time(n_added)).await;
    match fault {
        Some(Fault::DropAfter) => Err(Dropped),
        Some(Fault::SessionClosed) => Ok(refuse(400, "Session closed")),
        _ => Ok(done.unwrap_or_else(|fail| refuse(fail.status, &fail.detail))),
    }
}

/// The rights of whoever sends a request; REST itself is one of them.
fn rights(shared: &Shared, header: Option<&[u8]>) -> Option<Vec<String>> {
    let encoded = header?.strip_prefix(b"Basic ")?;
    let plain = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
    let (user, password) = plain.split_once(':')?;
    let rights = shared.device().rights(user, password)?;
    rights
        .iter()
        .any(|right| right == "rest-api")
        .then_some(rights)
}

fn command(
    shared: &Shared,
    rights: &Rights,
    method: &Method,
    path: &str,
    query: Option<&str>,
    body: &[u8],
) -> Result<Answer, Fail> {
    let mut device = shared.device();
    let fail = |status, detail: &str| Fail {
        status,
        detail: detail.to_owned(),
    };
    let values: Map<String, Value> = if body.is_empty() {
        Map::new()
    } else {
        serde_json::from_slice(body).map_err(|_| fail(400, "invalid JSON"))?
    };
    let id_of = |values: &Map<String, Value>| values.get(".id").map(text).unwrap_or_default();
    let (parent, last) = path
        .rsplit_once('/')
        .ok_or_else(|| fail(400, "no such command prefix"))?;
    match *method {
        Method::POST => match last {
            "execute" if parent.is_empty() => {
                let script = values.get("script").map(text).unwrap_or_default();
                device.execute(rights, &script)?;
                Ok(reply(200, &json!({ "ret": "" })))
            }
            "print" => Ok(reply(200, &device.print(rights, parent, &values)?)),
            "add" => Ok(reply(
                200,
                &json!({ "ret": device.add(rights, parent, &values)? }),
            )),
            "set" => device
                .set(rights, parent, &id_of(&values), &values)
                .map(|()| reply(200, &json!([]))),
            "remove" => device
                .remove(rights, parent, &id_of(&values))
                .map(|()| reply(200, &json!([]))),
            "unset" => {
                let field = values.get("value-name").map(text).unwrap_or_default();
                device.unset(rights, parent, &id_of(&values), &field)?;
                Ok(reply(200, &json!([])))
            }
            _ => Err(fail(400, "no such command")),
        },
        Method::GET => {
            let (path, id) = if last.starts_with('*') {
                (parent, Some(last))
            } else {
                (path, None)
            };
            let mut ask = Map::new();
            let mut words = Vec::new();
            for (key, value) in pairs(query.unwrap_or_default()) {
                match key.as_str() {
                    ".proplist" => {
                        ask.insert(key, json!(value));
                    }
                    _ => words.push(format!("{key}={value}")),
                }
            }
            words.extend(id.map(|id| format!(".id={id}")));
            ask.insert(".query".to_owned(), json!(words));
            let found = device.print(rights, path, &ask)?;
            let is_one = id.is_some() || device.menu(path)?.kind == Kind::One;
            match (is_one, found.get(0)) {
                (true, Some(item)) => Ok(reply(200, item)),
                (true, None) => Err(fail(404, "no such item")),
                (false, _) => Ok(reply(200, &found)),
            }
        }
        Method::PUT => {
            let id = device.add(rights, path, &values)?;
            Ok(reply(201, &one(&device, rights, path, &id)?))
        }
        Method::PATCH => {
            device.set(rights, parent, last, &values)?;
            Ok(reply(200, &one(&device, rights, parent, last)?))
        }
        Method::DELETE => device.remove(rights, parent, last).map(|()| empty(204)),
        _ => Err(fail(503, "")),
    }
}

fn one(device: &Device, rights: &Rights, path: &str, id: &str) -> Result<Value, Fail> {
    let mut ask = Map::new();
    ask.insert(".query".to_owned(), json!([format!(".id={id}")]));
    let found = device.print(rights, path, &ask)?;
    Ok(found.get(0).cloned().unwrap_or_else(|| json!([])))
}

fn pairs(query: &str) -> BTreeMap<String, String> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (unescape(key), unescape(value)))
        .collect()
}

fn unescape(text: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(text);
    decoded.decode_utf8_lossy().replace('+', " ")
}

/// What a test asks of the simulator itself.
#[derive(Deserialize)]
struct Login {
    code: String,
    #[serde(default)]
    password: Option<String>,
    mac: String,
}

#[derive(Deserialize)]
struct Mac {
    mac: String,
}

#[derive(Deserialize)]
struct Pass {
    ms: i64,
    #[serde(default)]
    bytes: u64,
}

#[derive(Deserialize)]
struct Go {
    #[serde(default)]
    always: Option<Fault>,
    #[serde(default)]
    at: BTreeMap<u64, Fault>,
}

#[derive(Deserialize)]
struct Reboot {
    #[serde(default)]
    has_battery: bool,
}

async fn control(shared: &Shared, action: String, request: Request<Incoming>) -> Answer {
    let Ok(body) = Limited::new(request.into_body(), BODY_BYTES_MAX)
        .collect()
        .await
    else {
        return refuse(400, "too long");
    };
    let body = body.to_bytes();
    let mut device = shared.device();
    let done: Result<(), String> = match action.as_str() {
        "" => {
            let menus = MENUS.iter().map(|menu| {
                let items = device.items(menu.path).into_iter();
                (
                    menu.path.to_owned(),
                    json!(items.map(|item| item.0).collect::<Vec<_>>()),
                )
            });
            let state = json!({ "n_requests": shared.faults().n_requests, "menus": menus.collect::<Map<_, _>>() });
            return reply(200, &state);
        }
        "login" => read(&body).and_then(|ask: Login| {
            let password = ask.password.as_deref().unwrap_or(&ask.code);
            device.log_in(&ask.code, password, &ask.mac)
        }),
        "logout" => read(&body).map(|ask: Mac| device.leave(&ask.mac)),
        "join" => read(&body).and_then(|guest: Guest| device.enter(guest)),
        "part" => read(&body).map(|ask: Mac| device.part(&ask.mac)),
        "pass" => read(&body).map(|ask: Pass| device.pass(ask.ms, ask.bytes)),
        "reboot" => read(&body).map(|ask: Reboot| device.reboot(ask.has_battery)),
        "faults" => read(&body).map(|ask: Go| {
            *shared.faults() = Faults {
                always: ask.always,
                at: ask.at,
                n_requests: 0,
            };
        }),
        _ => Err("there is no such thing".to_owned()),
    };
    match done {
        Ok(()) => reply(200, &json!({})),
        Err(words) => reply(422, &json!({ "error": words })),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn reply(status: u16, value: &Value) -> Answer {
    build(status, "application/json", value.to_string())
}

fn empty(status: u16) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    answer
}

fn page(status: StatusCode, text: &str) -> Answer {
    build(status.as_u16(), "text/html", text.to_owned())
}

/// An error, in the device's shape.
fn refuse(status: u16, detail: &str) -> Answer {
    let code = StatusCode::from_u16(status).unwrap_or_default();
    let mut body = Map::new();
    body.insert("error".to_owned(), json!(status));
    body.insert(
        "message".to_owned(),
        json!(code.canonical_reason().unwrap_or_default()),
    );
    if !detail.is_empty() {
        body.insert("detail".to_owned(), json!(detail));
    }
    reply(status, &Value::Object(body))
}

fn build(status: u16, kind: &'static str, text: String) -> Answer {
    let mut answer = empty(status);
    *answer.body_mut() = Full::new(Bytes::from(text));
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

//! The client of a MikroTik device: RouterOS 7's REST over HTTP or HTTPS, one request at a time.

use std::error::Error as _;
use std::io;
use std::sync::PoisonError;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use crate::domain::gateway::{Trouble, Trust};
use crate::server::gateway::item::Item;
use crate::server::reach::{Guarded, may_reach};
use crate::server::trust::{self, Shown};

/// How long a request may take. The device itself gives up after 60 s; a shop cannot wait that long.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(5);
/// How long to wait for a connection: on the shop's own network a device that is there answers at once.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(3);
/// The longest answer: ten thousand vouchers with every field that is asked for.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The longest of the device's own words that are kept.
const REFUSAL_CHARS_MAX: usize = 200;

/// How a gateway is reached.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Over HTTPS.
    pub is_secure: bool,
    /// The user to log in as.
    pub user: String,
    /// Their password.
    pub password: String,
    /// Whom to take for it, over HTTPS.
    pub trust: Trust,
}

/// One login at a device. The device serves a login's requests one at a time, so they are sent one at a time.
pub struct MikroTik {
    http: Client,
    base: String,
    user: String,
    password: String,
    shown: Shown,
    turn: Mutex<()>,
}

impl MikroTik {
    /// Prepares a login; nothing is sent yet.
    pub fn new(access: &Access) -> Result<MikroTik, Trouble> {
        let (tls, shown) = trust::config(&access.trust)?;
        let http = Client::builder()
            .tls_backend_preconfigured(tls)
            .timeout(REQUEST_TIME_MAX)
            .connect_timeout(CONNECT_TIME_MAX)
            // An answer that leads elsewhere is no device's.
            .redirect(Policy::none())
            .dns_resolver(Guarded)
            .no_proxy()
            .pool_max_idle_per_host(1)
            .build()
            .map_err(|_| Trouble::NoTls)?;
        let scheme = if access.is_secure { "https" } else { "http" };
        // An address of version 6 stands in brackets.
        let host = match access.host.trim() {
            host if host.contains(':') && !host.starts_with('[') => format!("[{host}]"),
            host => host.to_owned(),
        };
        let bare = host.trim_matches(['[', ']']).parse();
        if bare.is_ok_and(|ip| !may_reach(ip)) {
            return Err(Trouble::NoSuchName);
        }
        Ok(MikroTik {
            http,
            base: format!("{scheme}://{host}:{}/rest", access.port),
            user: access.user.clone(),
            password: access.password.clone(),
            shown,
            turn: Mutex::default(),
        })
    }

    /// Reads fields of every item of a menu that fits a query, in the words of the manual: `name=x`, `-name`, `#|`.
    /// Only fields that are named are read: asking for all of them makes the device look up slow ones too.
    pub async fn print(
        &self,
        menu: &str,
        fields: &[&str],
        query: &[&str],
    ) -> Result<Vec<Item>, Trouble> {
        let mut ask = Map::new();
        ask.insert(".proplist".to_owned(), json!(fields));
        if !query.is_empty() {
            ask.insert(".query".to_owned(), json!(query));
        }
        let answer = self
            .send(Method::POST, &format!("{menu}/print"), Some(ask))
            .await?;
        items(&answer)
    }

    /// Reads fields of a menu that is one item, like a clock.
    pub async fn read(&self, menu: &str, fields: &[&str]) -> Result<Item, Trouble> {
        let found = self.print(menu, fields, &[]).await?;
        found.into_iter().next().ok_or(Trouble::NotGateway)
    }

    /// Adds an item to a menu, and answers with it.
    pub async fn add(&self, menu: &str, values: &[(&str, &str)]) -> Result<Item, Trouble> {
        let answer = self.send(Method::PUT, menu, Some(object(values))).await?;
        let added = items(&answer)?;
        added.into_iter().next().ok_or(Trouble::NotGateway)
    }

    /// Changes fields of an item.
    pub async fn set(&self, menu: &str, id: &str, values: &[(&str, &str)]) -> Result<(), Trouble> {
        let path = format!("{menu}/{id}");
        self.send(Method::PATCH, &path, Some(object(values)))
            .await?;
        Ok(())
    }

    /// Takes an item away.
    pub async fn remove(&self, menu: &str, id: &str) -> Result<(), Trouble> {
        self.send(Method::DELETE, &format!("{menu}/{id}"), None)
            .await?;
        Ok(())
    }

    /// Runs a command of a menu, and answers with what it returns.
    pub async fn run(&self, command: &str, values: &[(&str, &str)]) -> Result<Value, Trouble> {
        self.send(Method::POST, command, Some(object(values))).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Map<String, Value>>,
    ) -> Result<Value, Trouble> {
        let _turn = self.turn.lock().await;
        // The device does not decode `%2A`, and the asterisk of an id may stand in an address as it is.
        let request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .basic_auth(&self.user, Some(&self.password));
        let request = match body {
            // Exactly this type: some versions refuse one that names a character set.
            Some(body) => request
                .header(CONTENT_TYPE, "application/json")
                .body(Value::Object(body).to_string()),
            None => request,
        };
        self.answer(request).await
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Value, Trouble> {
        let response = request.send().await.map_err(|error| self.trouble(&error))?;
        let status = response.status();
        let is_json = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("application/json"));
        let body = body(response).await?;
        if status.is_success() {
            if body.is_empty() {
                return Ok(Value::Null);
            }
            return serde_json::from_slice(&body).map_err(|_| Trouble::NotGateway);
        }
        let said = if is_json {
            serde_json::from_slice(&body).ok()
        } else {
            None
        };
        Err(refusal(status, said.as_ref()))
    }

    /// Why there was no answer at all.
    fn trouble(&self, error: &reqwest::Error) -> Trouble {
        let shown = self
            .shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(fingerprint) = shown {
            return Trouble::Untrusted(fingerprint);
        }
        if error.is_timeout() {
            return Trouble::Silent;
        }
        let mut source = error.source();
        while let Some(cause) = source {
            if let Some(cause) = cause.downcast_ref::<hyper::Error>()
                && cause.is_parse()
            {
                return Trouble::NotGateway;
            }
            match cause.downcast_ref::<io::Error>().map(io::Error::kind) {
                Some(io::ErrorKind::ConnectionRefused) => return Trouble::Refused,
                Some(
                    io::ErrorKind::TimedOut
                    | io::ErrorKind::HostUnreachable
                    | io::ErrorKind::NetworkUnreachable,
                ) => return Trouble::Silent,
                _ => {}
            }
            if cause.to_string().starts_with("dns error") {
                return Trouble::NoSuchName;
            }
            source = cause.source();
        }
        match error {
            error if error.is_builder() => Trouble::NoSuchName,
            error if error.is_connect() && self.base.starts_with("https:") => Trouble::NoTls,
            error if error.is_connect() => Trouble::Refused,
            _ => Trouble::Cut,
        }
    }
}

/// Reads an answer to its end, or to what nobody would send.
async fn body(mut response: Response) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES_MAX => {
                body.extend_from_slice(&chunk);
            }
            Ok(Some(_)) => return Err(Trouble::NotGateway),
            Ok(None) => return Ok(body),
            Err(error) if error.is_timeout() => return Err(Trouble::Silent),
            Err(_) => return Err(Trouble::Cut),
        }
    }
}

fn object(values: &[(&str, &str)]) -> Map<String, Value> {
    let pairs = values.iter();
    pairs
        .map(|(key, value)| ((*key).to_owned(), json!(value)))
        .collect()
}

/// Reads the items of an answer: a list of them, or one by itself.
fn items(answer: &Value) -> Result<Vec<Item>, Trouble> {
    match answer {
        Value::Object(object) => Ok(vec![Item::read(object)]),
        Value::Array(list) => list
            .iter()
            .map(|item| item.as_object().map(Item::read).ok_or(Trouble::NotGateway))
            .collect(),
        _ => Err(Trouble::NotGateway),
    }
}

/// What a refusal means, by its status and the device's own words.
fn refusal(status: StatusCode, said: Option<&Value>) -> Trouble {
    let word = |key| {
        said.and_then(|said| said.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (detail, message) = (word("detail"), word("message"));
    let detail = if detail.is_empty() { message } else { detail };
    let says = |part: &str| detail.contains(part);
    match (status.as_u16(), said) {
        (401, _) => Trouble::WrongLogin,
        (403, None) => Trouble::RestOff,
        (_, None) => Trouble::NotGateway,
        _ if says("not enough permissions") || says("not allowed (9)") => Trouble::NotAllowed,
        _ if says("Session closed") => Trouble::TookTooLong,
        _ if says("already have") => Trouble::Taken,
        _ if says("no such item") => Trouble::Gone,
        _ if says("not enough space") || says("no space left") => Trouble::Full,
        (403, _) => Trouble::NotAllowed,
        (404, _) => Trouble::Gone,
        _ => Trouble::Refusal(detail.chars().take(REFUSAL_CHARS_MAX).collect()),
    }
}

//! Who has signed in on this device before: they may switch here without the server, by the same password or PIN.
//!
//! What is kept proves nothing elsewhere: a slow hash of the PIN, signed with a key that the browser made and never hands
//! out. It slows down whoever takes the device apart, it does not stop them: what a cashier may do without the server is
//! judged by the server afterwards, under the login that was used. On plain http there are no keys, so nobody is kept.

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use rexie::{ObjectStore, Rexie, TransactionMode};
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::client::page::window;
use crate::domain::id::{LoginId, StaffId};
use crate::domain::json;
use crate::domain::staff::SecretKind;
use crate::domain::time::{MINUTE_MS, Timestamp};

const DATABASE: &str = "mikrodash-people";
const PEOPLE: &str = "people";
const KEYS: &str = "keys";
const KEY: &str = "device";
/// How often somebody may be wrong in a row, and for how long the door stays shut then: as at the server.
const TRIES: i64 = 5;
const LOCKED_MS: i64 = 15 * MINUTE_MS;
/// How slow the hash is: a third of a second on a phone.
const ROUNDS: u32 = 200_000;

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// They have not signed in here before.
    Unknown,
    /// The password or PIN is wrong; so many tries are left.
    Wrong {
        /// How many.
        tries_left: i64,
    },
    /// Too many wrong tries: the door stays shut for so long.
    Locked {
        /// For how long.
        minutes: i64,
    },
}

/// What this device knows of somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Person {
    /// Their last login here; operations name it.
    #[serde(default)]
    login_id: Option<LoginId>,
    /// What their PIN comes to.
    #[serde(default)]
    pin: Option<String>,
    /// What their password comes to.
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    n_failures: i64,
    #[serde(default)]
    locked_until: Option<Timestamp>,
}

impl Person {
    fn proof(&mut self, kind: SecretKind) -> &mut Option<String> {
        match kind {
            SecretKind::Pin => &mut self.pin,
            SecretKind::Password => &mut self.password,
        }
    }
}

/// Remembers what let somebody in: the server has just said that it is right.
pub async fn remember(staff_id: StaffId, kind: SecretKind, proof: &str) {
    // A browser without keys keeps nobody; the server lets them in all the same.
    let Some(verifier) = verifier(staff_id, proof).await else {
        return;
    };
    let change = change(staff_id, |person| {
        *person.proof(kind) = Some(verifier);
        (person.n_failures, person.locked_until) = (0, None);
    });
    change.await.ok();
}

/// Remembers under which login somebody works here.
pub async fn note_login(staff_id: StaffId, login_id: LoginId) {
    let change = change(staff_id, |person| person.login_id = Some(login_id));
    change.await.ok();
}

/// Lets somebody in without the server: their last login here, or why not.
pub async fn admit(
    staff_id: StaffId,
    kind: SecretKind,
    proof: &str,
    now: Timestamp,
) -> Result<LoginId, Refusal> {
    let known = change(staff_id, |_| {})
        .await
        .map_err(|_| Refusal::Unknown)?;
    if let Some(until) = known.locked_until.filter(|until| *until > now) {
        let minutes = until.since(now).div_euclid(MINUTE_MS) + 1;
        return Err(Refusal::Locked { minutes });
    }
    let wanted = known.clone().proof(kind).clone().ok_or(Refusal::Unknown)?;
    let login_id = known.login_id.ok_or(Refusal::Unknown)?;
    let is_right = verifier(staff_id, proof)
        .await
        .is_some_and(|verifier| verifier == wanted);
    let n_failures = if is_right { 0 } else { known.n_failures + 1 };
    let is_shut = n_failures >= TRIES;
    let change = change(staff_id, |person| {
        person.n_failures = if is_shut { 0 } else { n_failures };
        person.locked_until = is_shut.then_some(now + LOCKED_MS);
    });
    // A try that cannot be counted is not a try.
    change.await.map_err(|_| Refusal::Unknown)?;
    match (is_right, is_shut) {
        (true, _) => Ok(login_id),
        (false, true) => Err(Refusal::Locked {
            minutes: LOCKED_MS / MINUTE_MS,
        }),
        (false, false) => Err(Refusal::Wrong {
            tries_left: TRIES - n_failures,
        }),
    }
}

async fn change(staff_id: StaffId, change: impl FnOnce(&mut Person)) -> rexie::Result<Person> {
    let database = open().await?;
    let transaction = database.transaction(&[PEOPLE], TransactionMode::ReadWrite)?;
    let people = transaction.store(PEOPLE)?;
    let key: JsValue = staff_id.to_string().into();
    let found = people
        .get(key.clone())
        .await?
        .and_then(|value| value.as_string());
    let mut person: Person = found
        .and_then(|text| json::read(&text).ok())
        .unwrap_or_default();
    change(&mut person);
    let text = serde_json::to_string(&person).unwrap_or_default();
    people.put(&text.into(), Some(&key)).await?;
    transaction.done().await?;
    database.close();
    Ok(person)
}

async fn open() -> rexie::Result<Rexie> {
    Rexie::builder(DATABASE)
        .version(1)
        .add_object_store(ObjectStore::new(PEOPLE))
        .add_object_store(ObjectStore::new(KEYS))
        .build()
        .await
}

/// What a password or PIN comes to on this device; none where the browser has no keys.
async fn verifier(staff_id: StaffId, proof: &str) -> Option<String> {
    let crypto = Reflect::get(&window(), &"crypto".into()).ok()?;
    let subtle = Reflect::get(&crypto, &"subtle".into()).ok()?;
    if !subtle.is_object() {
        return None;
    }
    let raw = Uint8Array::from(proof.as_bytes());
    let uses = Array::of1(&"deriveBits".into());
    let arguments: [&JsValue; 5] = [&"raw".into(), &raw, &"PBKDF2".into(), &false.into(), &uses];
    let secret = call(&subtle, "importKey", &arguments).await?;
    let slow = Object::new();
    let salt = Uint8Array::from(staff_id.0.as_bytes().as_slice());
    Reflect::set(&slow, &"name".into(), &"PBKDF2".into()).ok()?;
    Reflect::set(&slow, &"hash".into(), &"SHA-256".into()).ok()?;
    Reflect::set(&slow, &"salt".into(), &salt).ok()?;
    Reflect::set(&slow, &"iterations".into(), &ROUNDS.into()).ok()?;
    let bits = call(&subtle, "deriveBits", &[&slow, &secret, &256.into()]).await?;
    let key = device_key(&subtle).await?;
    let signed = call(&subtle, "sign", &[&"HMAC".into(), &key, &bits]).await?;
    let bytes = Uint8Array::new(&signed).to_vec();
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The key of this device: made once, kept by the browser, and never shown to anybody.
async fn device_key(subtle: &JsValue) -> Option<JsValue> {
    if let Some(key) = read_key().await {
        return Some(key);
    }
    let how = Object::new();
    Reflect::set(&how, &"name".into(), &"HMAC".into()).ok()?;
    Reflect::set(&how, &"hash".into(), &"SHA-256".into()).ok()?;
    let uses = Array::of1(&"sign".into());
    let key = call(subtle, "generateKey", &[&how, &false.into(), &uses]).await?;
    let database = open().await.ok()?;
    let transaction = database
        .transaction(&[KEYS], TransactionMode::ReadWrite)
        .ok()?;
    let keys = transaction.store(KEYS).ok()?;
    keys.put(&key, Some(&KEY.into())).await.ok()?;
    transaction.done().await.ok()?;
    database.close();
    Some(key)
}

async fn read_key() -> Option<JsValue> {
    let database = open().await.ok()?;
    let transaction = database
        .transaction(&[KEYS], TransactionMode::ReadOnly)
        .ok()?;
    let key = transaction.store(KEYS).ok()?.get(KEY.into()).await.ok()?;
    transaction.done().await.ok()?;
    database.close();
    key.filter(JsValue::is_object)
}

async fn call(of: &JsValue, name: &str, arguments: &[&JsValue]) -> Option<JsValue> {
    let function: Function = Reflect::get(of, &name.into()).ok()?.dyn_into().ok()?;
    let arguments: Array = arguments.iter().copied().collect();
    let promise: Promise = function.apply(of, &arguments).ok()?.dyn_into().ok()?;
    JsFuture::from(promise).await.ok()
}

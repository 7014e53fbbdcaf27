//! The one error that crosses the wire. It says what a person can act on, and never how the server is made.

use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::app::codec::Json;
use crate::client::people::Refusal;
use crate::domain::gateway::Trouble;
use crate::domain::logo::LogoFlaw;
use crate::domain::outcome::Reason;

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Error {
    /// Nobody is signed in, or not any more.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// The role may not do this.
    #[error("this role may not do this")]
    NotAllowed,
    /// It came over plain http, where others can read along.
    #[error("this goes over https only")]
    NotSecure,
    /// The password or PIN is wrong.
    #[error("wrong password or PIN, {tries_left} tries left")]
    WrongSecret {
        /// How many tries are left before the door stays shut.
        tries_left: i64,
    },
    /// Too many wrong tries.
    #[error("locked out for {minutes} minutes")]
    LockedOut {
        /// For how long.
        minutes: i64,
    },
    /// PINs do not work in this browser until it is paired; it asks under this number.
    #[error("this browser is not paired; it asks as number {number}")]
    NotPaired {
        /// The number that an owner sees.
        number: i64,
    },
    /// This browser was put out of the shop.
    #[error("this browser was put out")]
    PutOut,
    /// Too many wrong tries from there.
    #[error("too many tries, wait {minutes} minutes")]
    TooManyTries {
        /// For how long.
        minutes: i64,
    },
    /// The password is shorter than allowed.
    #[error("a password has 8 characters or more")]
    ShortPassword,
    /// The PIN is not 4 to 6 digits.
    #[error("a PIN is 4 to 6 digits")]
    BadPin,
    /// The passphrase for the key is shorter than allowed.
    #[error("a passphrase for the key has 12 characters or more")]
    ShortPassphrase,
    /// The passphrase of a network is not 8 to 63 printable characters.
    #[error("a passphrase has 8 to 63 characters")]
    BadPassphrase,
    /// The file is not taken as a picture for printed vouchers.
    #[error("the picture is not taken: {0:?}")]
    BadLogo(LogoFlaw),
    /// There is no such time zone.
    #[error("there is no such time zone")]
    UnknownZone,
    /// The shop has been set up already.
    #[error("the shop is set up already")]
    NotNew,
    /// What was sent cannot be read, or lies outside what is allowed.
    #[error("the request cannot be read")]
    BadRequest,
    /// The core refused it.
    #[error("refused: {0:?}")]
    Refused(Reason),
    /// The gateway did not do it.
    #[error("the gateway did not do it: {0:?}")]
    Gateway(Trouble),
    /// Something that takes its time is being done, and this has to wait for it.
    #[error("something else is being done")]
    Busy,
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// The server cannot store anything now.
    #[error("the server cannot store anything now")]
    Unavailable,
    /// The server did not answer.
    #[error("the server did not answer")]
    NoAnswer,
    /// Somebody who has not signed in on this device before cannot do so without the server.
    #[error("not known on this device")]
    NotHere,
    /// This server is a standby: it goes at the shop's only, when that is back.
    #[error("only the shop's own server does this")]
    AtShop,
    /// This server is a standby, and its shop is there.
    #[error("the shop answers")]
    ShopAnswers,
    /// Another server was put in office after this one, and nobody has decided what becomes of that.
    #[error("another server was put in office after this one")]
    Overruled,
    /// What was typed is not the shop's name.
    #[error("this is not the shop's name")]
    WrongName,
    /// The standby has not got the shop's rows yet.
    #[error("the standby is not filled yet")]
    Filling,
    /// Something that should not happen; the server's log says what.
    #[error("internal error")]
    Internal,
}

impl Error {
    /// The HTTP status that says the same.
    pub fn status(&self) -> u16 {
        match self {
            Error::NotSignedIn | Error::WrongSecret { .. } => 401,
            Error::NotAllowed | Error::NotPaired { .. } | Error::PutOut | Error::NotSecure => 403,
            Error::NotFound => 404,
            Error::NotNew
            | Error::Busy
            | Error::AtShop
            | Error::ShopAnswers
            | Error::Overruled
            | Error::Refused(Reason::NoSuchStep | Reason::LastOwner | Reason::OwnPlace) => 409,
            Error::BadRequest => 400,
            Error::Refused(_)
            | Error::ShortPassword
            | Error::BadPin
            | Error::BadPassphrase
            | Error::BadLogo(_)
            | Error::ShortPassphrase
            | Error::WrongName
            | Error::UnknownZone => 422,
            Error::LockedOut { .. } | Error::TooManyTries { .. } => 429,
            Error::Internal => 500,
            Error::Gateway(_) => 502,
            Error::Unavailable | Error::NoAnswer | Error::NotHere | Error::Filling => 503,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        match refusal {
            Refusal::Unknown => Error::NotHere,
            Refusal::Wrong { tries_left } => Error::WrongSecret { tries_left },
            Refusal::Locked { minutes } => Error::LockedOut { minutes },
        }
    }
}

impl FromServerFnError for Error {
    type Encoder = Json;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Error {
        match error {
            ServerFnErrorErr::Request(_) => Error::NoAnswer,
            ServerFnErrorErr::Deserialization(_)
            | ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_) => Error::BadRequest,
            _ => Error::Internal,
        }
    }
}

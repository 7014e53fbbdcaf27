//! Whatever answers where the gateway should be: any bytes, any JSON, any status, and silences of every kind. The client
//! comes back in time with what it was asked for or with a trouble, whichever of its calls it was.

use std::time::{Duration, Instant};

use mikrodash::domain::gateway::Trouble;
use mikrodash::server::gateway::item::Item;
use mikrodash::server::gateway::mikrotik::{Access, MikroTik};
use proptest::prelude::*;
use serde_json::{Map, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;

use crate::gateway::USER;

/// How long a call may take at most: its five seconds, and as much again for a busy machine.
const TIME_MAX: Duration = Duration::from_secs(10);
/// The longest of the device's own words that may come through.
const WORDS_MAX: usize = 200;

/// One of the client's calls.
#[derive(Clone, Copy, Debug)]
enum Call {
    Print,
    Read,
    Add,
    Run,
}

const CALLS: [Call; 4] = [Call::Print, Call::Read, Call::Add, Call::Run];

impl Call {
    /// Makes it; where it is answered with items, these are what it found.
    async fn make(self, client: &MikroTik) -> Result<Vec<Item>, Trouble> {
        let values = [("name", "QX7M2K"), ("password", "QX7M2K")];
        match self {
            Call::Print => client.print(USER, &[".id", "name"], &["name=A"]).await,
            Call::Read => client.read("/system/clock", &["date"]).await.map(one),
            Call::Add => client.add(USER, &values).await.map(one),
            Call::Run => client
                .run("/execute", &[("script", "x")])
                .await
                .map(|_| Vec::new()),
        }
    }
}

fn one(item: Item) -> Vec<Item> {
    vec![item]
}

/// How an answer says where it ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// It tells its length.
    Length,
    /// It tells a longer one.
    Short,
    /// It comes in pieces.
    Pieces,
    /// It does not say: it ends with the connection.
    Closing,
    /// There is no head at all.
    NoHead,
}

/// An answer.
#[derive(Clone, Debug)]
struct Said {
    status: u16,
    kind: &'static str,
    body: Vec<u8>,
    end: End,
}

impl Said {
    fn bytes(&self) -> Vec<u8> {
        let head = format!(
            "HTTP/1.1 {} X\r\ncontent-type: {}\r\n",
            self.status, self.kind
        );
        let length = |n: usize| format!("content-length: {n}\r\n\r\n").into_bytes();
        let parts = match self.end {
            End::NoHead => return self.body.clone(),
            End::Length => [length(self.body.len()), self.body.clone()],
            End::Short => [length(self.body.len() + 10), self.body.clone()],
            End::Closing => [b"\r\n".to_vec(), self.body.clone()],
            End::Pieces => {
                let pieces = self.body.chunks(7).map(|piece| {
                    let size = format!("{:x}\r\n", piece.len());
                    [size.as_bytes(), piece, b"\r\n"].concat()
                });
                let pieces: Vec<Vec<u8>> = pieces.collect();
                let head = b"transfer-encoding: chunked\r\n\r\n".to_vec();
                [head, [pieces.concat(), b"0\r\n\r\n".to_vec()].concat()]
            }
        };
        [head.into_bytes(), parts.concat()].concat()
    }
}

/// Any JSON, with the keys that mean something among others.
fn json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("not enough permissions".to_owned()),
        Just("failure: already have user with this name".to_owned()),
        Just("no such item".to_owned()),
        Just("Session closed".to_owned()),
        ".{0,12}",
        "ش{300}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just(".id".to_owned()),
        Just("name".to_owned()),
        Just("ret".to_owned()),
        Just("detail".to_owned()),
        Just("message".to_owned()),
        ".{0,4}",
    ];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        let pairs = prop::collection::vec((key.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            pairs.prop_map(|pairs| Value::Object(Map::from_iter(pairs))),
        ]
    })
}

fn said() -> impl Strategy<Value = Said> {
    let status = prop_oneof![
        4 => Just(200_u16),
        2 => prop::sample::select(vec![201, 204, 205, 206, 301, 302, 304, 400, 401, 403, 404, 406, 415, 500, 503]),
        1 => 100_u16..1_000,
    ];
    let body = prop_oneof![
        4 => json().prop_map(|json| json.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => "(\\[|\\{|\"|null|1e400|,|:|\\]|\\}|\\\\u[0-9a-f]{4}|[a-z]){0,30}".prop_map(String::into_bytes),
        1 => (0..4_000_usize).prop_map(|n| "[".repeat(n).into_bytes()),
    ];
    let kind = prop::sample::select(vec![
        "application/json",
        "application/json; charset=utf-8",
        "text/html",
        "",
    ]);
    let end = prop::sample::select(vec![
        End::Length,
        End::Length,
        End::Short,
        End::Pieces,
        End::Closing,
        End::NoHead,
    ]);
    (status, kind, body, end).prop_map(|(status, kind, body, end)| Said {
        status,
        kind,
        body,
        end,
    })
}

async fn client() -> (TcpListener, MikroTik) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let access = Access {
        host: "127.0.0.1".to_owned(),
        port: listener.local_addr().unwrap().port(),
        user: "shop".to_owned(),
        password: "secret".to_owned(),
        ..Access::default()
    };
    let client = MikroTik::new(&access).unwrap();
    (listener, client)
}

/// Waits for a request, and answers it.
async fn serve(listener: &TcpListener, answer: &[u8]) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut read = [0; 4_096];
    let _ = stream.read(&mut read).await;
    let _ = stream.write_all(answer).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn any_answer_is_read_or_is_a_trouble(said in said(), call in prop::sample::select(CALLS.to_vec())) {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let asked = runtime.block_on(async {
            let (listener, client) = client().await;
            let bytes = said.bytes();
            let ask = tokio::time::timeout(TIME_MAX, call.make(&client));
            tokio::join!(serve(&listener, &bytes), ask).1
        });
        prop_assert!(asked.is_ok(), "it hangs");
        match asked.unwrap() {
            Ok(items) => {
                // 204 says that nothing follows, whatever length it tells.
                let is_whole = match said.end {
                    End::NoHead => false,
                    End::Short => said.status == 204,
                    End::Length | End::Pieces | End::Closing => true,
                };
                let is_answer = is_whole && (200..300).contains(&said.status);
                prop_assert!(is_answer, "taken for {items:?}");
                for item in &items {
                    for key in item.0.keys() {
                        let _ = (item.duration_ms(key), item.bytes(key), item.flag(key), item.id());
                    }
                }
            }
            Err(Trouble::Refusal(words)) => prop_assert!(words.chars().count() <= WORDS_MAX),
            Err(_) => {}
        }
    }
}

/// What a device may go on with for ever.
const ENDLESS: [(&str, &str); 6] = [
    ("", ""),
    ("", "x"),
    ("HTTP/1.1 200 OK\r\n", "a: b\r\n"),
    ("", "HTTP/1.1 100 Continue\r\n\r\n"),
    (
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n",
        " ",
    ),
    (
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        "1\r\n \r\n",
    ),
];

/// Answers with a beginning, and then with the same thing again and again until nobody listens.
async fn go_on(mut stream: TcpStream, begin: &str, again: &str, pause: Duration) {
    if stream.write_all(begin.as_bytes()).await.is_err() {
        return;
    }
    // Without a pause it sends as much as goes through.
    let many = if pause.is_zero() { 1_000 } else { 1 };
    let piece = again.repeat(many);
    let until = Instant::now() + TIME_MAX;
    while Instant::now() < until && stream.write_all(piece.as_bytes()).await.is_ok() {
        tokio::time::sleep(pause.max(Duration::from_micros(10))).await;
    }
}

#[tokio::test]
async fn an_answer_that_never_ends_is_given_up() {
    let slow = Duration::from_millis(40);
    let ways = ENDLESS
        .into_iter()
        .flat_map(|way| [(way, slow), (way, Duration::ZERO)]);
    let asked = ways.flat_map(|way| CALLS.map(|call| (way, call)));
    let asks = asked.map(|(((begin, again), pause), call)| async move {
        let (listener, client) = client().await;
        let serving = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            go_on(stream, begin, again, pause).await;
        });
        let began = Instant::now();
        let answer = tokio::time::timeout(TIME_MAX, call.make(&client)).await;
        serving.abort();
        let taken = began.elapsed();
        let answer = answer.unwrap_or_else(|_| panic!("{begin:?} and {again:?}: {call:?} hangs"));
        assert!(
            answer.is_err(),
            "{begin:?} and {again:?} were taken for {answer:?} after {taken:?}"
        );
    });
    futures::future::join_all(asks).await;
}

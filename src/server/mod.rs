//! The shop server: one binary, one database file.

pub mod audit;
mod auth;
pub mod backup;
mod browser;
mod bundle;
mod call;
mod clock;
mod config;
pub mod db;
mod demo;
mod document;
mod error;
mod feed;
pub mod gateway;
mod guard;
mod install;
mod limit;
pub mod listen;
pub(crate) mod logo;
pub(crate) mod loss;
mod mdns;
mod offline;
mod outage;
mod paper;
mod platform;
mod preview;
pub(crate) mod profile;
mod reach;
mod rotate;
pub mod routes;
pub(crate) mod scan;
mod seal;
pub mod sequencer;
mod service;
mod sheet;
pub mod shop;
mod staff;
pub mod standby;
pub mod sync;
pub mod tls;
mod trust;
mod voucher;
mod wifi;

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use clap::Parser;
use leptos::config::{LeptosOptions, get_configuration};
use leptos::context::{provide_context, use_context};
use leptos::server_fn::axum::register_explicit;
use leptos_axum::{
    LeptosRoutes, generate_route_list_with_exclusions_and_ssg_and_context,
    render_app_async_with_context,
};
use sqlx::{SqliteConnection, SqlitePool};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use tokio_rustls::TlsAcceptor;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::services::ServeDir;
use tower_http::timeout::TimeoutLayer;
use tracing_subscriber::EnvFilter;

use crate::app::App;
pub(crate) use crate::app::parts::told;
pub(crate) use crate::app::{Error, Prefs, api, explain};
use crate::domain::drill;
use crate::domain::gateway::{Gateway, Trouble};
use crate::domain::id::{DeviceId, Incarnation, OpId, StaffId};
use crate::domain::op::Body;
use crate::domain::outcome::Outcome;
use crate::domain::shop::ShopChange;
use crate::domain::staff::Role;
use crate::domain::sync::Snapshot;
use crate::domain::time::Timestamp;
use crate::server::backup::{Keeper, Shelf};
use crate::server::bundle::Unpacked;
use crate::server::config::{AuditCommand, Cli, Command, Config, DataArgs, RouterArgs};
use crate::server::seal::Key;
use crate::server::sequencer::{Authority, CannotStore, Core, Recorder, Sequencer};
use crate::server::standby::board::Board;

pub use crate::server::auth::{Browser, approve, sign_in, sign_out};
pub(crate) use crate::server::auth::{confirm, pass};
pub(crate) use crate::server::browser::{
    list as browsers, pair as pair_browser, revoke as revoke_browser, touch as touch_browser,
};
pub use crate::server::call::call;
pub use crate::server::clock::{new_id, now, zone, zone_names};
pub use crate::server::config::Join;
use crate::server::document::{page, shell};
pub use crate::server::error::StartError;
use crate::server::gateway::jobs::{Wake, Worker};
use crate::server::gateway::mikrotik::MikroTik;
use crate::server::gateway::simulator::device::{Device, Make};
use crate::server::gateway::simulator::{Identity, Pace, Simulator};
pub(crate) use crate::server::install::elsewhere;
pub(crate) use crate::server::install::view as install;
use crate::server::listen::Limits;
pub(crate) use crate::server::sheet::sheet;
pub(crate) use crate::server::staff::{
    accept as accept_refused, invite, join, open_invitation, sign_out_everywhere,
};
use crate::server::tls::Tls;
pub(crate) use crate::server::voucher::{
    batch as batch_vouchers, devices as voucher_devices, guests, jobs, lease as lease_vouchers,
    list as list_vouchers, make as make_vouchers, pick as pick_vouchers, put_out,
};
pub(crate) use crate::server::wifi::{
    add_network, block as block_wifi, disconnect as disconnect_wifi, look as wifi, remove_network,
    set_network, unblock as unblock_wifi,
};

/// The largest request body: a full batch of the largest operations does not fit and need not (`design.md` 9).
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The longest a request may take; nothing here waits for anything but the disk.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);
/// What everybody who is logged in at a simulated router loads.
const BYTES_PER_SECOND: u64 = 40_000;
/// The database's file in the data folder.
const DATABASE: &str = "shop.db";

/// Where the shop is open.
pub struct Doors {
    /// The port of plain http.
    pub port: u16,
    /// The address that it listens on.
    pub address: IpAddr,
    /// The port of https, and the certificate that is shown there.
    pub tls: Option<(u16, Arc<Tls>)>,
    /// Plain http serves everything to everybody.
    pub is_plain_allowed: bool,
}

/// Everything that requests share.
pub struct Server {
    /// The connections that read.
    pub readers: SqlitePool,
    /// Where the log ended as this server started.
    pub began: u64,
    /// The way to the sequencer.
    pub sequencer: Sequencer,
    /// The connection that signs people in and out.
    pub logins: Mutex<SqliteConnection>,
    /// The server's own journal.
    pub recorder: Mutex<Recorder>,
    /// The last snapshot that was taken, for the next that asks while nothing has changed.
    pub drawn: Mutex<Snapshot>,
    /// Up to which position the log is safe for good, and when that was found out.
    pub durable: Mutex<(Timestamp, u64)>,
    /// Held while a new shop is made, so that it is made once.
    pub opening: Mutex<()>,
    /// Says when the server stops, to streams that would go on for ever.
    pub stopping: watch::Sender<bool>,
    /// Where the shop is open, once it is.
    pub doors: OnceLock<Doors>,
    /// The time zone of a new shop.
    pub zone_name: String,
    /// The login at the gateway, and what it was made of.
    gateway: Mutex<Option<(Gateway, Arc<MikroTik>)>>,
    /// When the gateway answered last, and why it does not answer now.
    gateway_seen: Mutex<(Option<Timestamp>, Option<Trouble>)>,
    /// The gateway of the demo shop.
    demo_gateway: Mutex<Option<gateway::demo::Playing>>,
    /// The browsers that it was written down of lately that they are here.
    touched: Mutex<HashMap<String, Timestamp>>,
    /// How often each address has tried to come in.
    tries: limit::Tries,
    /// Held while codes are drawn, so that none is drawn twice.
    making: Mutex<()>,
    /// Held while a loss is looked for and said, so that it is said once.
    telling: Mutex<()>,
    /// Held while a code is looked for in a picture.
    looking: Mutex<()>,
    /// Held while the Wi-Fi is changed, so that nothing is made twice.
    changing_wifi: Mutex<()>,
    /// Wakes whoever does the jobs at the gateway.
    pub gateway_wake: Wake,
    /// What secrets are sealed with.
    key: Key,
    /// The shop's backups.
    pub backups: Shelf,
    /// What is known of the line to the other server.
    pub line: Board,
}

/// What an empty data folder begins as; one that holds something already stays what it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Begin {
    /// A shop that nobody has set up yet.
    #[default]
    Shop,
    /// The demo shop.
    Demo,
    /// A standby, which waits for its shop.
    Standby,
}

impl Server {
    /// Opens a data folder's database and starts the sequencer.
    pub async fn open(data: &Path, zone_name: &str, begin: Begin) -> Result<Server, StartError> {
        let file = data.join(DATABASE);
        let mut database = db::open(&file).await?;
        let mut logins = db::open(&file).await?.writer;
        let is_standby = standby::is_standby(&mut database.writer, begin).await?;
        let (began, _) = db::log::head(&mut logins).await?;
        let (core, recorder) = if is_standby {
            db::standby::loosen(&mut logins).await?;
            let mut core = Core::new_standby(database.writer).await?;
            let own = own_device(&mut core).await?;
            (core, Recorder::new(own, Incarnation(clock::new_id())))
        } else {
            open_shop(data, database.writer, zone_name, begin).await?
        };
        let line = Board::default();
        if standby::recall(&mut logins, &line).await? && !is_standby {
            line.expect();
        }
        Ok(Server {
            readers: database.readers,
            began,
            sequencer: Sequencer::start(core),
            logins: Mutex::new(logins),
            recorder: Mutex::new(recorder),
            drawn: Mutex::default(),
            durable: Mutex::default(),
            opening: Mutex::new(()),
            stopping: watch::Sender::new(false),
            doors: OnceLock::new(),
            zone_name: zone_name.to_owned(),
            gateway: Mutex::default(),
            gateway_seen: Mutex::default(),
            demo_gateway: Mutex::default(),
            touched: Mutex::default(),
            tries: limit::Tries::default(),
            making: Mutex::default(),
            telling: Mutex::default(),
            looking: Mutex::default(),
            changing_wifi: Mutex::default(),
            gateway_wake: Wake::default(),
            key: Key::open(data)?,
            backups: Shelf::new(data),
            line,
        })
    }

    /// Records operations of the server itself, for somebody. The first that is refused is the error.
    pub async fn record(&self, by: StaffId, role: Role, bodies: Vec<Body>) -> Result<(), Error> {
        let now = now();
        self.record_past(
            by,
            role,
            bodies
                .into_iter()
                .map(|body| (OpId(new_id()), now, body))
                .collect(),
        )
        .await
    }

    /// Records operations of the server itself, each with its own id and moment.
    pub async fn record_past(
        &self,
        by: StaffId,
        role: Role,
        ops: Vec<(OpId, Timestamp, Body)>,
    ) -> Result<(), Error> {
        if self.sequencer.is_standby() {
            return Err(Error::AtShop);
        }
        let mut recorder = self.recorder.lock().await;
        let batch = recorder.batch(ops);
        let reply = self
            .sequencer
            .push(batch, Authority::Server { by, role }, now())
            .await?;
        for outcome in reply.outcomes {
            if let Outcome::Rejected(reason) = outcome.outcome {
                return Err(Error::Refused(reason));
            }
        }
        Ok(())
    }

    /// Waits until the server stops.
    pub async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        // Whoever could say so is gone where it fails.
        stopping.wait_for(|is_stopping| *is_stopping).await.ok();
    }

    /// Ends what would go on for ever, and folds the log into the file.
    pub async fn stop(&self) {
        self.stopping.send_replace(true);
        self.sequencer.stop().await;
        self.readers.close().await;
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        tracing::error!(%error, "the database failed");
        Error::Unavailable
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Error {
        Error::Gateway(trouble)
    }
}

impl From<CannotStore> for Error {
    fn from(_: CannotStore) -> Error {
        Error::Unavailable
    }
}

/// Takes over the database of a shop and begins an epoch.
async fn open_shop(
    data: &Path,
    writer: SqliteConnection,
    zone_name: &str,
    begin: Begin,
) -> Result<(Core, Recorder), StartError> {
    let nonce = u64::from_le_bytes(clock::chance());
    let mut core = Core::new(writer, nonce).await?;
    audit::start(data, core.connection(), now()).await?;
    core.take_rest(now()).await?;
    let own = own_device(&mut core).await?;
    let mut recorder = Recorder::new(own, Incarnation(clock::new_id()));
    if begin == Begin::Demo && core.state().staff.is_empty() {
        demo::fill(&mut core, &mut recorder, zone_name).await?;
    }
    refresh_zone(&mut core, &mut recorder).await;
    outage::look(&mut core, &mut recorder, now()).await?;
    loss::look(&mut core, &mut recorder, now()).await?;
    Ok((core, recorder))
}

async fn own_device(core: &mut Core) -> Result<DeviceId, StartError> {
    let found = db::find_meta(core.connection(), "device_id").await?;
    if let Some(device_id) = found.and_then(|text| text.parse().ok()) {
        return Ok(device_id);
    }
    let device_id = DeviceId(new_id());
    db::put_meta(core.connection(), "device_id", &device_id.to_string()).await?;
    Ok(device_id)
}

/// What the shop's clock shows is known for some years ahead; a start looks again, with the time zone database it has.
async fn refresh_zone(core: &mut Core, recorder: &mut Recorder) {
    let shop = core.state().shop();
    let now = now();
    let Ok(zone) = clock::zone(&shop.zone_name, now) else {
        return;
    };
    if core.state().shops.is_empty() || zone == shop.zone {
        return;
    }
    let changes = vec![ShopChange::Zone(shop.zone_name, zone)];
    let batch = recorder.batch([(OpId(new_id()), now, Body::ShopEdited { changes })]);
    let authority = Authority::Server {
        by: StaffId::default(),
        role: Role::Owner,
    };
    core.push_all(vec![(batch, authority, now)]).await;
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Drill { seed, ops } => {
            say(&drill::fold_hash(seed, ops));
            Ok(())
        }
        Command::Serve(args) => Config::read(args).and_then(|config| on_runtime(serve(config))),
        Command::Backup(args) => on_folder(args.data, |data| async move {
            backup::backup_command(&data, args.to).await
        }),
        Command::Restore(args) => on_folder(args.data, |data| async move {
            let passphrase = args.passphrase_file.as_deref();
            backup::restore_command(&data, &args.file, passphrase, args.accept_changed_log).await
        }),
        Command::Audit(AuditCommand::Verify(args)) => {
            on_folder(args, |data| async move { audit::command(&data).await })
        }
        Command::RotateKey(args) => {
            on_folder(args, |data| async move { rotate::command(&data).await })
        }
        Command::Seed(args) => on_runtime(demo::seed(args)),
        Command::Pack(args) => bundle::pack(&args),
        Command::Service(command) => service::command(command),
        Command::SimulateRouter(args) => on_runtime(simulate_router(args)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mikrodash: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Plays a router until it is stopped, with time passing as it does.
async fn simulate_router(args: RouterArgs) -> Result<(), StartError> {
    let address = SocketAddr::new(args.address, args.port);
    let listener = bind(address, "--port").await?;
    let make = if args.legacy {
        Make::legacy()
    } else {
        Make::default()
    };
    let device = Device::new(make, &args.user, &args.password);
    let names = vec![args.address.to_string(), "localhost".to_owned()];
    let identity = args.https.then(|| Identity::of(names)).transpose();
    let failed = |error: &dyn std::fmt::Display| StartError::Config(error.to_string());
    let identity = identity.map_err(|error| failed(&error))?;
    let scheme = if args.https { "https" } else { "http" };
    let mut simulator = Simulator::start(listener, device, Pace::default(), identity)
        .map_err(|error| failed(&error))?;
    say(&format!(
        "A simulated MikroTik router is at {scheme}://{}",
        show(simulator.address)
    ));
    simulator.tick(BYTES_PER_SECOND);
    platform::told_to_stop().await;
    Ok(())
}

async fn bind(address: SocketAddr, flag: &'static str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => StartError::PortTaken { address, flag },
            _ => StartError::Address { address, error },
        })
}

/// Does something with a data folder from the command line.
fn on_folder<F: Future<Output = Result<(), StartError>>>(
    args: DataArgs,
    work: impl FnOnce(PathBuf) -> F,
) -> Result<(), StartError> {
    on_runtime(work(args.folder()?))
}

fn on_runtime(work: impl Future<Output = Result<(), StartError>>) -> Result<(), StartError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

/// Says what was asked for on the command line; nobody has to listen.
fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").ok();
}

async fn serve(config: Config) -> Result<(), StartError> {
    start_log(&config)?;
    zone(&config.zone, now())?;
    let _lock = lock(&config.data)?;
    let carried = bundle::unpack(&std::env::current_exe()?, &config.data)?;
    let listener = bind(config.address, "--port").await?;
    let secure = match &config.tls {
        Some((port, _)) => {
            Some(bind(SocketAddr::new(config.address.ip(), *port), "--tls-port").await?)
        }
        None => None,
    };
    let server = Arc::new(Server::open(&config.data, &config.zone, config.begin).await?);
    standby::meet(&server, config.shop_token.as_deref(), config.join.as_ref()).await?;
    if let Err(error) = rotate::reseal(&config.data, &server).await {
        tracing::error!(%error, "what an older key has sealed stays as it is");
    }
    let options = site_options(carried)?;
    let secure = open_doors(&config, &server, &listener, secure)?;
    let is_demo = db::find_meta(&mut *server.logins.lock().await, "demo")
        .await?
        .is_some();
    if is_demo
        && !server.sequencer.is_standby()
        && let Err(error) = gateway::demo::play(&server).await
    {
        tracing::error!(%error, "the demo's router cannot be played");
    }
    let jobs = db::open(&config.data.join(DATABASE)).await?.writer;
    let worker = tokio::spawn(Worker::new(Arc::clone(&server), jobs).run());
    let keeper = tokio::spawn(Keeper::new(Arc::clone(&server)).run());
    let heart = tokio::spawn(outage::keep(Arc::clone(&server)));
    tokio::spawn(standby::dial::keep(Arc::clone(&server)));
    let stopped = Arc::clone(&server);
    tokio::spawn(async move {
        platform::told_to_stop().await;
        tracing::info!("stopping");
        stopped.stopping.send_replace(true);
    });
    let router = router(Arc::clone(&server), options);
    let limits = Limits::default();
    let door = |listener, acceptor, router| {
        listen::serve(
            listener,
            acceptor,
            router,
            limits,
            server.stopping.subscribe(),
        )
    };
    match secure {
        None => door(listener, None, router).await,
        Some((secure, acceptor)) => {
            let plain = door(listener, None, router.clone());
            tokio::join!(plain, door(secure, Some(acceptor), router));
        }
    }
    worker.await.ok();
    keeper.await.ok();
    heart.await.ok();
    server.stop().await;
    Ok(())
}

/// Makes what https needs, says where the shop is open, and announces its name.
fn open_doors(
    config: &Config,
    server: &Arc<Server>,
    listener: &TcpListener,
    secure: Option<TcpListener>,
) -> Result<Option<(TcpListener, TlsAcceptor)>, StartError> {
    let (address, data) = (listener.local_addr()?, &config.data);
    say(&format!("MikroDash is open at http://{}", show(address)));
    let mut tls = None;
    let mut secured = None;
    if let (Some((_, settings)), Some(secure)) = (&config.tls, secure) {
        let kept = Tls::open(data, server, settings.clone(), address.ip(), now())?;
        let acceptor = kept
            .acceptor()
            .map_err(|error| StartError::Config(error.to_string()))?;
        let secure_address = secure.local_addr()?;
        say(&format!("and at https://{}", show(secure_address)));
        if let Some(fingerprint) = kept.fingerprint() {
            say(&format!("with the certificate {}", fingerprint.0));
        }
        tokio::spawn(Arc::clone(&kept).keep(Arc::clone(server)));
        tokio::spawn(Arc::clone(&kept).keep_ordered(Arc::clone(server)));
        if settings.is_announced && !address.ip().is_loopback() {
            let name = settings.name.clone();
            tokio::spawn(mdns::announce(
                Arc::clone(server),
                name,
                secure_address.port(),
            ));
        }
        tls = Some((secure_address.port(), kept));
        secured = Some((secure, acceptor));
    }
    if let Some(lan) = tls::lan_addresses(address.ip()).first()
        && tls.is_some()
    {
        let install = SocketAddr::new(*lan, address.port());
        say(&format!("Phones begin at http://{install}/install"));
    }
    let doors = Doors {
        port: address.port(),
        address: address.ip(),
        tls,
        is_plain_allowed: config.plain_http,
    };
    server.doors.set(doors).ok();
    Ok(secured)
}

/// Says where the browser's half is: where it was unpacked, if the program carries it, else where the file says.
fn site_options(carried: Option<Unpacked>) -> Result<LeptosOptions, StartError> {
    // A program that carries its site knows what the file would say about the build.
    let is_said = carried.is_none() && Path::new(config::FILE).exists();
    let mut options = get_configuration(is_said.then_some(config::FILE))
        .map_err(|error| StartError::Config(error.to_string()))?
        .leptos_options;
    if let Some(unpacked) = carried {
        options.site_root = in_words(&unpacked.site)?.into();
        options.hash_file = in_words(&unpacked.hashes)?.into();
        options.hash_files = true;
    }
    check_assets(&options)?;
    Ok(options)
}

/// A path that pages can be served from.
fn in_words(path: &Path) -> Result<&str, StartError> {
    path.to_str().ok_or_else(|| {
        let path = path.display();
        StartError::Config(format!(
            "{path} is no name for a folder that pages come from; choose another with --data"
        ))
    })
}

/// Checks that the browser's half lies where pages will look for it.
fn check_assets(options: &LeptosOptions) -> Result<(), StartError> {
    let program = std::env::current_exe()?;
    let hashes = program.with_file_name(options.hash_file.as_ref());
    for needed in [
        hashes,
        Path::new(options.site_root.as_ref()).join(options.site_pkg_dir.as_ref()),
    ] {
        if options.hash_files && !needed.exists() {
            return Err(StartError::Assets { missing: needed });
        }
    }
    Ok(())
}

fn show(address: SocketAddr) -> String {
    if address.ip().is_loopback() {
        format!("localhost:{}", address.port())
    } else {
        address.to_string()
    }
}

fn start_log(config: &Config) -> Result<(), StartError> {
    let filter = EnvFilter::try_new(&config.log).map_err(|error| {
        StartError::Config(format!(
            "the log setting {:?} is wrong: {error}",
            config.log
        ))
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if config.log_json {
        log.json().init()
    } else {
        log.with_target(false).init()
    }
    Ok(())
}

/// Makes the data folder and takes it for this process alone; the lock goes when the process does, however it does.
fn lock(data: &Path) -> Result<File, StartError> {
    let unwritable = |_| StartError::Unwritable {
        path: data.to_owned(),
    };
    platform::make_folder(data).map_err(unwritable)?;
    let lock = File::create(data.join("lock")).map_err(unwritable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse {
            path: data.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(StartError::Io(error)),
    }
}

/// Names every server function, so that a linker cannot leave one out of a program that does not call it.
fn register_functions() {
    register_explicit::<api::OpenPage>();
    register_explicit::<api::FirstRun>();
    register_explicit::<api::OpenDemo>();
    register_explicit::<api::SignIn>();
    register_explicit::<api::SignOut>();
    register_explicit::<api::Push>();
    register_explicit::<api::Pull>();
    register_explicit::<api::TakePart>();
    register_explicit::<api::OpenEmpty>();
    register_explicit::<api::PastDays>();
    register_explicit::<api::PastDay>();
    register_explicit::<api::History>();
    register_explicit::<api::Bill>();
    register_explicit::<api::SetSecret>();
    register_explicit::<api::Invite>();
    register_explicit::<api::OpenInvitation>();
    register_explicit::<api::Join>();
    register_explicit::<api::SignOutEverywhere>();
    register_explicit::<api::Approve>();
    register_explicit::<api::AcceptRefused>();
    register_explicit::<api::Browsers>();
    register_explicit::<api::PairBrowser>();
    register_explicit::<api::RevokeBrowser>();
    register_explicit::<api::SetZone>();
    register_explicit::<api::ZoneNames>();
    register_explicit::<api::SetLogo>();
    register_explicit::<api::FindGateway>();
    register_explicit::<api::SetGateway>();
    register_explicit::<api::TestGateway>();
    register_explicit::<api::GatewayCommands>();
    register_explicit::<api::GatewayJobs>();
    register_explicit::<api::RetryGateway>();
    register_explicit::<api::MakeVouchers>();
    register_explicit::<api::LeaseVouchers>();
    register_explicit::<api::ListVouchers>();
    register_explicit::<api::ListProfiles>();
    register_explicit::<api::SetProfile>();
    register_explicit::<api::RemoveProfile>();
    register_explicit::<api::PickVouchers>();
    register_explicit::<api::Guests>();
    register_explicit::<api::VoucherSheet>();
    register_explicit::<api::PutOut>();
    register_explicit::<api::Wifi>();
    register_explicit::<api::DisconnectWifi>();
    register_explicit::<api::BlockWifi>();
    register_explicit::<api::UnblockWifi>();
    register_explicit::<api::SetNetwork>();
    register_explicit::<api::AddNetwork>();
    register_explicit::<api::RemoveNetwork>();
    register_explicit::<api::VoucherDevices>();
    register_explicit::<api::BatchVouchers>();
    register_explicit::<api::ReadPicture>();
    register_explicit::<api::FindPortal>();
    register_explicit::<api::UploadPortal>();
    register_explicit::<api::UsePortal>();
    register_explicit::<api::LeavePortal>();
    register_explicit::<api::SetPortalCertificate>();
    register_explicit::<api::RouterHealth>();
    register_explicit::<api::RouterFlaws>();
    register_explicit::<api::RepairRouter>();
    register_explicit::<api::Install>();
    register_explicit::<api::Audit>();
    register_explicit::<api::Backups>();
    register_explicit::<api::IsBackupLate>();
    register_explicit::<api::BackUp>();
    register_explicit::<api::RehearseBackup>();
    register_explicit::<api::TryBackupFolder>();
    register_explicit::<api::SetBackupPassphrase>();
    register_explicit::<api::Standby>();
    register_explicit::<api::DrawStandbyKey>();
    register_explicit::<api::StandbyPass>();
    register_explicit::<api::Endpoints>();
    register_explicit::<api::Losses>();
    register_explicit::<api::SetStandby>();
    register_explicit::<api::LeaveStandby>();
    register_explicit::<api::LetJoin>();
    register_explicit::<api::Promote>();
    register_explicit::<api::HandOver>();
}

/// Every route of the shop.
pub fn router(server: Arc<Server>, options: LeptosOptions) -> Router {
    register_functions();
    let (pages, _) = generate_route_list_with_exclusions_and_ssg_and_context(App, None, || {
        provide_context(Prefs::default())
    });
    let context = {
        let server = Arc::clone(&server);
        move || {
            provide_context(Arc::clone(&server));
            let prefs = use_context::<axum::http::request::Parts>()
                .and_then(|parts| parts.extensions.get::<Prefs>().copied());
            provide_context(prefs.unwrap_or_default());
        }
    };
    let shell_context = context.clone();
    let prefer = from_fn_with_state(Arc::clone(&server), sync::prefer);
    let shell = get(render_app_async_with_context(shell_context, {
        let options = options.clone();
        move || shell(options.clone())
    }));
    let shell = shell.layer(prefer.clone());
    let mut plain = Router::new();
    for route in routes::routes(&options, shell) {
        let admit = from_fn_with_state((Arc::clone(&server), route.needs), routes::admit);
        plain = plain.route(route.path, route.answer.layer(admit));
    }
    let files = ServeDir::new(options.site_root.as_ref())
        .precompressed_br()
        .precompressed_gzip();
    Router::new()
        .leptos_routes_with_context(&options, pages, context, {
            let options = options.clone();
            move || page(options.clone())
        })
        .with_state(options)
        .layer(prefer)
        .merge(plain.with_state(Arc::clone(&server)))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            REQUEST_TIME_MAX,
        ))
        .fallback_service(files)
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX))
        .layer(from_fn(guard::right_status))
        .layer(from_fn_with_state(Arc::clone(&server), limit::limit))
        .layer(from_fn_with_state(
            Arc::clone(&server),
            guard::refuse_cross_site,
        ))
        .layer(guard::cross_origin(Arc::clone(&server)))
        .layer(from_fn_with_state(
            Arc::clone(&server),
            guard::keep_plain_local,
        ))
        .layer(from_fn_with_state(server, guard::harden))
        .layer(CatchPanicLayer::custom(guard::panicked))
}

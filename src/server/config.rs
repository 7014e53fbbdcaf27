//! The configuration: `Leptos.toml`, then the environment, then flags; the later wins.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand};
use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};
use serde::Deserialize;

use crate::server::Begin;
use crate::server::error::StartError;
use crate::server::tls::acme::{AcmeSettings, LETS_ENCRYPT};
use crate::server::tls::{TlsSettings, is_name};

/// How far above the plain port the one for https is, where nothing else is said: 3443 goes with 3000.
const TLS_PORT_ABOVE: u16 = 443;
/// Variables that belong to the scripts around the server, not to the server.
const OTHERS: &[&str] = &[
    "MIKRODASH_BIN",
    "MIKRODASH_CHROMIUM",
    "MIKRODASH_SITE",
    "MIKRODASH_TOOLS",
];
/// The file, in the folder that the server is started in.
pub const FILE: &str = "Leptos.toml";
/// The data folder, where the shop is run from the folder with its settings.
const DATA: &str = "data";

/// Runs a PlayStation café: stations by the hour, food and drinks, in one till.
///
/// Settings come from Leptos.toml (tables `server`, `tls` and `shop`), then from the environment, then from flags; the later
/// wins. A key that is not listed here is an error.
#[derive(Debug, Parser)]
#[command(name = "mikrodash", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; `serve` when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to open the shop, when no command is given.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Opens the shop.
    Serve(ServeArgs),
    /// Makes a backup of the shop, running or not.
    Backup(BackupArgs),
    /// Puts a backup in the place of the shop; the shop must be stopped.
    Restore(RestoreArgs),
    /// Proves that no recorded operation has been changed, taken out or put in.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Gives the shop a new key for its secrets; the shop must be stopped.
    RotateKey(DataArgs),
    /// Fills a database with years of an invented shop, to measure with.
    Seed(SeedArgs),
    /// Has the system start the shop with the PC (systemd).
    #[command(subcommand)]
    Service(ServiceCommand),
    /// Makes one program of the built program and the site that browsers load.
    Pack(PackArgs),
    /// Plays a MikroTik router, for trying and testing: REST over HTTP, with guests that come and go. It is no router.
    SimulateRouter(RouterArgs),
    /// Applies random operations and prints one hash; the browser's build must print the same.
    Drill {
        /// Where chance begins.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many operations.
        #[arg(long, default_value_t = 1_000_000)]
        ops: u32,
    },
}

/// How to open the shop.
#[derive(Clone, Debug, Default, Args)]
pub struct ServeArgs {
    /// The address to listen on [default: 127.0.0.1].
    #[arg(long, env = "MIKRODASH_ADDRESS")]
    pub address: Option<IpAddr>,
    /// The port to listen on [default: 3000].
    #[arg(long, env = "MIKRODASH_PORT")]
    pub port: Option<u16>,
    /// Serve everything on plain http to every address, for a proxy in front that does TLS.
    #[arg(long, env = "MIKRODASH_PLAIN_HTTP", value_parser = BoolishValueParser::new())]
    pub plain_http: bool,
    /// Listen for https too [default: true].
    #[arg(long, env = "MIKRODASH_TLS", value_parser = BoolishValueParser::new())]
    pub tls: Option<bool>,
    /// The port for https; 0 for any that is free [default: 443 above the other, so 3443].
    #[arg(long, env = "MIKRODASH_TLS_PORT")]
    pub tls_port: Option<u16>,
    /// What the shop is called on the network; `.local` is added [default: mikrodash].
    #[arg(long, env = "MIKRODASH_TLS_NAME")]
    pub tls_name: Option<String>,
    /// A certificate of your own with its chain, as PEM, instead of the shop's authority.
    #[arg(long, env = "MIKRODASH_TLS_CERTIFICATE")]
    pub tls_certificate: Option<PathBuf>,
    /// Its key, as PEM.
    #[arg(long, env = "MIKRODASH_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// A name that leads here from the internet, to have it certified there (ACME); with commas, more than one.
    #[arg(long, env = "MIKRODASH_ACME_NAMES", value_delimiter = ',')]
    pub acme_names: Option<Vec<String>>,
    /// The directory of who certifies it [default: Let's Encrypt's].
    #[arg(long, env = "MIKRODASH_ACME_DIRECTORY")]
    pub acme_directory: Option<String>,
    /// A mail address for who certifies it.
    #[arg(long, env = "MIKRODASH_ACME_CONTACT")]
    pub acme_contact: Option<String>,
    /// What who certifies it is trusted by, as PEM [default: what this machine trusts].
    #[arg(long, env = "MIKRODASH_ACME_ROOT")]
    pub acme_root: Option<PathBuf>,
    /// Announce the shop's name on the network (mDNS) [default: true].
    #[arg(long, env = "MIKRODASH_MDNS", value_parser = BoolishValueParser::new())]
    pub mdns: Option<bool>,
    /// The folder for everything that the shop keeps [default: data, where that or Leptos.toml is in this folder; else
    /// this user's own folder for such things].
    #[arg(long, env = "MIKRODASH_DATA")]
    pub data: Option<PathBuf>,
    /// The time zone of a new shop, by its IANA name [default: Africa/Cairo].
    #[arg(long, env = "MIKRODASH_ZONE")]
    pub zone: Option<String>,
    /// What to log, as in `info` or `mikrodash=debug` [default: info].
    #[arg(long, env = "MIKRODASH_LOG")]
    pub log: Option<String>,
    /// Log lines as JSON.
    #[arg(long, env = "MIKRODASH_LOG_JSON", value_parser = BoolishValueParser::new())]
    pub log_json: bool,
    /// Fill an empty data folder with the demo shop.
    #[arg(long, env = "MIKRODASH_DEMO", value_parser = BoolishValueParser::new())]
    pub demo: bool,
    /// The other server.
    #[command(flatten)]
    pub other: OtherArgs,
}

/// A shop has one other server, its standby; and a standby its shop.
#[derive(Clone, Debug, Default, Args)]
pub struct OtherArgs {
    /// Be the standby of a shop: an empty data folder waits for the shop to dial.
    #[arg(long, env = "MIKRODASH_STANDBY", value_parser = BoolishValueParser::new(), conflicts_with = "demo")]
    pub standby: bool,
    /// The key that the shop shows to its standby, as its page says it; needed once, and again for another key.
    #[arg(long, env = "MIKRODASH_SHOP_TOKEN", hide_env_values = true)]
    pub shop_token: Option<String>,
    /// With --standby, of a server that cannot be dialled: the address of the one to dial.
    #[arg(long, env = "MIKRODASH_JOIN", requires = "join_token")]
    pub join: Option<String>,
    /// The key that goes with --join.
    #[arg(long, env = "MIKRODASH_JOIN_TOKEN", hide_env_values = true)]
    pub join_token: Option<String>,
    /// With --join, the fingerprint of the certificate that is shown there, where no authority vouches for it: the log says
    /// it when it is not trusted.
    #[arg(long, env = "MIKRODASH_JOIN_CERTIFICATE", requires = "join")]
    pub join_certificate: Option<String>,
}

/// Where the shop is.
#[derive(Clone, Debug, Default, Args)]
pub struct DataArgs {
    /// The folder for everything that the shop keeps [default: as for serve].
    #[arg(long, env = "MIKRODASH_DATA")]
    pub data: Option<PathBuf>,
}

impl DataArgs {
    /// The folder that is meant, as the server would take it.
    pub fn folder(self) -> Result<PathBuf, StartError> {
        match self.data {
            Some(data) => Ok(data),
            None => Ok(Config::read(ServeArgs::default())?.data),
        }
    }
}

/// A backup to make.
#[derive(Clone, Debug, Args)]
pub struct BackupArgs {
    /// Where the shop is.
    #[command(flatten)]
    pub data: DataArgs,
    /// The file to make; it ends in .backup [default: one named by date and time in the data folder's backups].
    #[arg(long)]
    pub to: Option<PathBuf>,
}

/// A backup to put back.
#[derive(Clone, Debug, Args)]
pub struct RestoreArgs {
    /// The backup.
    pub file: PathBuf,
    /// Where the shop is, or is to be.
    #[command(flatten)]
    pub data: DataArgs,
    /// A file with the passphrase for the key in the backup; - for a line from the keyboard.
    #[arg(long)]
    pub passphrase_file: Option<PathBuf>,
    /// Put it back although its log has been changed.
    #[arg(long)]
    pub accept_changed_log: bool,
}

/// What to do with the log.
#[derive(Clone, Debug, Subcommand)]
pub enum AuditCommand {
    /// Goes through all of it, of a shop that runs or not, and names every operation that is not as it was recorded.
    Verify(DataArgs),
}

/// What to fill a database with.
#[derive(Clone, Debug, Args)]
pub struct SeedArgs {
    /// The folder to fill; it must not hold a shop yet.
    #[arg(long)]
    pub data: PathBuf,
    /// How many years.
    #[arg(long, default_value_t = 10)]
    pub years: u32,
    /// How many stations.
    #[arg(long, default_value_t = 100)]
    pub stations: u32,
    /// How many sessions a day.
    #[arg(long, default_value_t = 137)]
    pub sessions_per_day: u32,
    /// Where chance begins.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// What to do about the service.
#[derive(Clone, Debug, Subcommand)]
pub enum ServiceCommand {
    /// Installs it and starts the shop, now and with the PC. A second time it takes what is asked for then.
    Install(InstallArgs),
    /// Stops the shop and takes the service away; the data stays.
    Uninstall(UninstallArgs),
}

/// What a service is to be like.
#[derive(Clone, Debug, Default, Args)]
pub struct InstallArgs {
    /// A service of this user alone, not of the whole machine.
    #[arg(long)]
    pub user: bool,
    /// The folder for everything that the shop keeps [default: /var/lib/mikrodash, or the user's own].
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// The address to listen on.
    #[arg(long)]
    pub address: Option<IpAddr>,
    /// The port to listen on.
    #[arg(long)]
    pub port: Option<u16>,
    /// The port for https.
    #[arg(long)]
    pub tls_port: Option<u16>,
    /// The user of the machine's service, by name [default: mikrodash, which is made].
    #[arg(long, conflicts_with = "user", value_parser = user_name)]
    pub run_as: Option<String>,
    /// Only say what would be installed.
    #[arg(long)]
    pub print: bool,
}

/// Which service to take away.
#[derive(Clone, Debug, Args)]
pub struct UninstallArgs {
    /// The one of this user alone.
    #[arg(long)]
    pub user: bool,
}

fn user_name(text: &str) -> Result<String, String> {
    let is_fine = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    if !text.is_empty() && text.chars().all(is_fine) {
        Ok(text.to_owned())
    } else {
        Err("that is no user's name".to_owned())
    }
}

/// What to make one program of.
#[derive(Clone, Debug, Args)]
pub struct PackArgs {
    /// The program, of this system or another.
    #[arg(long)]
    pub program: PathBuf,
    /// The folder of the site.
    #[arg(long)]
    pub site: PathBuf,
    /// The file to make.
    #[arg(long)]
    pub to: PathBuf,
    /// The file with the names of the built files [default: hash.txt beside the program].
    #[arg(long)]
    pub hashes: Option<PathBuf>,
}

/// What a simulated router is like.
#[derive(Clone, Debug, Args)]
pub struct RouterArgs {
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    pub address: IpAddr,
    /// The port to listen on; 0 for any that is free.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// The user that may do everything.
    #[arg(long, default_value = "admin")]
    pub user: String,
    /// Their password.
    #[arg(long, default_value = "")]
    pub password: String,
    /// Speak HTTPS, with a certificate made for this run.
    #[arg(long)]
    pub https: bool,
    /// Be an older device: RouterOS 7.8 with the older Wi-Fi driver.
    #[arg(long)]
    pub legacy: bool,
}

/// What the server runs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where to listen.
    pub address: SocketAddr,
    /// Whether plain http serves everything to everybody; where there is no TLS, it does.
    pub plain_http: bool,
    /// Where to listen for https, and with what.
    pub tls: Option<(u16, TlsSettings)>,
    /// The data folder.
    pub data: PathBuf,
    /// The time zone of a new shop.
    pub zone: String,
    /// What to log.
    pub log: String,
    /// Whether to log as JSON.
    pub log_json: bool,
    /// What an empty data folder begins as.
    pub begin: Begin,
    /// The key that the other server shows.
    pub shop_token: Option<String>,
    /// The server to dial.
    pub join: Option<Join>,
}

/// A server to dial, as the command line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// Its address.
    pub address: String,
    /// The key to show there.
    pub key: String,
    /// The certificate that it shows, by its fingerprint, where no authority vouches for it.
    pub certificate: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    server: ServerTable,
    #[serde(default)]
    tls: TlsTable,
    #[serde(default)]
    shop: ShopTable,
    /// Read by Leptos, not by us.
    #[serde(default, rename = "package")]
    _package: toml::Table,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerTable {
    address: Option<IpAddr>,
    port: Option<u16>,
    plain_http: Option<bool>,
    data: Option<PathBuf>,
    log: Option<String>,
    log_json: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsTable {
    enabled: Option<bool>,
    port: Option<u16>,
    name: Option<String>,
    names: Option<Vec<String>>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    acme_names: Option<Vec<String>>,
    acme_directory: Option<String>,
    acme_contact: Option<String>,
    acme_root: Option<PathBuf>,
    mdns: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShopTable {
    zone: Option<String>,
}

impl Config {
    /// Reads the file of this folder, if there is one, and puts flags and environment over it.
    pub fn read(args: ServeArgs) -> Result<Config, StartError> {
        let text = match std::fs::read_to_string(Path::new(FILE)) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(StartError::Config(format!(
                    "{FILE} cannot be read: {error}"
                )));
            }
        };
        check_environment(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
        let is_here = Path::new(FILE).exists() || Path::new(DATA).exists();
        Config::merge(&text, args, &default_folder(is_here, platform_folder()))
    }

    fn merge(text: &str, args: ServeArgs, folder: &Path) -> Result<Config, StartError> {
        let file: File = toml::from_str(text).map_err(|error| {
            StartError::Config(format!("{FILE} is wrong: {}", one_line(&error.to_string())))
        })?;
        let address = args
            .address
            .or(file.server.address)
            .unwrap_or(IpAddr::from([127, 0, 0, 1]));
        let port = args.port.or(file.server.port).unwrap_or(3000);
        let is_tls = args.tls.or(file.tls.enabled).unwrap_or(true);
        let settings = TlsSettings {
            name: args
                .tls_name
                .or(file.tls.name)
                .unwrap_or_else(|| TlsSettings::default().name),
            names: file.tls.names.unwrap_or_default(),
            own: own_certificate(
                args.tls_certificate.or(file.tls.certificate),
                args.tls_key.or(file.tls.key),
            )?,
            acme: acme(
                args.acme_names.or(file.tls.acme_names),
                args.acme_directory.or(file.tls.acme_directory),
                args.acme_contact.or(file.tls.acme_contact),
                args.acme_root.or(file.tls.acme_root),
            )?,
            is_announced: args.mdns.or(file.tls.mdns).unwrap_or(true),
        };
        check_names(&settings)?;
        let above = || match port {
            0 => 0,
            _ => port.checked_add(TLS_PORT_ABOVE).unwrap_or_default(),
        };
        let tls_port = args.tls_port.or(file.tls.port).unwrap_or_else(above);
        Ok(Config {
            address: SocketAddr::new(address, port),
            plain_http: args.plain_http || file.server.plain_http.unwrap_or(false) || !is_tls,
            tls: is_tls.then_some((tls_port, settings)),
            data: args
                .data
                .or(file.server.data)
                .unwrap_or_else(|| folder.to_owned()),
            zone: args
                .zone
                .or(file.shop.zone)
                .unwrap_or_else(|| "Africa/Cairo".to_owned()),
            log: args
                .log
                .or(file.server.log)
                .unwrap_or_else(|| "info".to_owned()),
            log_json: args.log_json || file.server.log_json.unwrap_or(false),
            begin: match (args.other.standby, args.demo) {
                (true, _) => Begin::Standby,
                (false, true) => Begin::Demo,
                (false, false) => Begin::Shop,
            },
            shop_token: args.other.shop_token.clone(),
            join: join(args.other),
        })
    }
}

/// A server to dial needs its key.
fn join(args: OtherArgs) -> Option<Join> {
    Some(Join {
        address: args.join?,
        key: args.join_token?,
        certificate: args.join_certificate,
    })
}

/// The data folder where nobody names one.
fn default_folder(is_here: bool, platform: Option<PathBuf>) -> PathBuf {
    platform
        .filter(|_| !is_here)
        .unwrap_or_else(|| PathBuf::from(DATA))
}

/// Where this system keeps such things for this user: on Linux `~/.local/share/mikrodash`, on Windows
/// `%LOCALAPPDATA%\mikrodash`, on macOS `~/Library/Application Support/mikrodash`. None where the user has no home.
pub fn platform_folder() -> Option<PathBuf> {
    let homes = choose_native_strategy().ok()?;
    // What stays on one machine lies on Windows where caches do; the place for data follows its user to others.
    let folder = if std::env::consts::OS == "windows" {
        homes.cache_dir()
    } else {
        homes.data_dir()
    };
    Some(folder.join(env!("CARGO_PKG_NAME")))
}

/// A certificate is of no use without its key, nor the other way round.
fn own_certificate(
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
) -> Result<Option<(PathBuf, PathBuf)>, StartError> {
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
        _ => Err(StartError::Config(
            "a certificate of your own needs both settings, certificate and key, in [tls]"
                .to_owned(),
        )),
    }
}

/// Names are certified on the internet only by which something on the internet finds them.
fn acme(
    names: Option<Vec<String>>,
    directory: Option<String>,
    contact: Option<String>,
    root: Option<PathBuf>,
) -> Result<Option<AcmeSettings>, StartError> {
    let names: Vec<String> = names
        .unwrap_or_default()
        .iter()
        .map(|name| name.trim().to_lowercase())
        .collect();
    let is_known = |name: &String| {
        let ends_in = name.rsplit_once('.').map(|(_, last)| last);
        is_name(name) && ends_in.is_some_and(|last| last != "local")
    };
    if let Some(wrong) = names.iter().find(|name| !is_known(name)) {
        return Err(StartError::Config(format!(
            "{wrong:?} is no name that leads here from the internet, as in shop.example.com"
        )));
    }
    Ok((!names.is_empty()).then(|| AcmeSettings {
        names,
        directory: directory.unwrap_or_else(|| LETS_ENCRYPT.to_owned()),
        contact,
        root,
    }))
}

fn check_names(settings: &TlsSettings) -> Result<(), StartError> {
    let is_fine = |name: &String| is_name(&name.to_lowercase());
    let is_label = is_name(&settings.name) && !settings.name.contains('.');
    match settings.names.iter().find(|name| !is_fine(name)) {
        None if is_label => Ok(()),
        wrong => Err(StartError::Config(format!(
            "{:?} is no name for [tls]: small letters, digits and hyphens, as in mikrodash",
            wrong.unwrap_or(&settings.name)
        ))),
    }
}

/// Refuses a variable of ours that nothing reads: it is a misspelt one that the owner counts on.
fn check_environment(names: impl Iterator<Item = String>) -> Result<(), StartError> {
    let known: BTreeSet<String> = <ServeArgs as Args>::augment_args(clap::Command::new("serve"))
        .get_arguments()
        .filter_map(|arg| {
            arg.get_env()
                .and_then(|name| name.to_str())
                .map(str::to_owned)
        })
        .collect();
    for name in names.filter(|name| name.starts_with("MIKRODASH_")) {
        if !known.contains(&name) && !OTHERS.contains(&name.as_str()) {
            return Err(StartError::Config(format!(
                "there is no setting {name}; see mikrodash serve --help"
            )));
        }
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file() {
        let text = "[server]\nport = 4000\ndata = \"/srv/shop\"\n[shop]\nzone = \"Asia/Riyadh\"\n\
                    [package.metadata.leptos]\noutput-name = \"x\"";
        let args = ServeArgs {
            port: Some(5000),
            ..ServeArgs::default()
        };
        let config = Config::merge(text, args, Path::new(DATA)).unwrap();
        assert_eq!(config.address.to_string(), "127.0.0.1:5000");
        assert_eq!(
            (config.data.to_str(), config.zone.as_str()),
            (Some("/srv/shop"), "Asia/Riyadh")
        );
    }

    #[test]
    fn https_goes_with_the_plain_port_unless_it_is_switched_off() {
        let read = |text: &str| Config::merge(text, ServeArgs::default(), Path::new(DATA));
        let port = |text: &str| read(text).unwrap().tls.map(|(port, _)| port);
        assert_eq!(port(""), Some(3443));
        assert_eq!(port("[server]\nport = 4000"), Some(4443));
        assert_eq!(port("[server]\nport = 0"), Some(0));
        assert_eq!(port("[tls]\nport = 443"), Some(443));
        assert_eq!(port("[tls]\nenabled = false"), None);
        assert!(!read("").unwrap().plain_http);
        assert!(
            read("[tls]\nenabled = false").unwrap().plain_http,
            "there is nowhere else to go"
        );
        assert!(read("[server]\nplain_http = true").unwrap().plain_http);
        for wrong in [
            "[tls]\ncertificate = \"a.pem\"",
            "[tls]\nname = \"My Shop\"",
            "[tls]\nnames = [\"good.example\", \"bad name\"]",
            "[tls]\nacme_names = [\"mikrodash.local\"]",
            "[tls]\nacme_names = [\"shop\"]",
        ] {
            assert!(matches!(read(wrong), Err(StartError::Config(_))), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        for text in [
            "[server]\nprot = 4000",
            "[sever]\nport = 1",
            "[server]\nport = 99999",
            "[tls]\nprot = 1",
        ] {
            let error = Config::merge(text, ServeArgs::default(), Path::new(DATA))
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with("Leptos.toml is wrong:") && !error.contains('\n'),
                "{error}"
            );
        }
        let error = check_environment(["MIKRODASH_PROT".to_owned()].into_iter())
            .unwrap_err()
            .to_string();
        assert!(error.contains("MIKRODASH_PROT"), "{error}");
        assert!(
            check_environment(["MIKRODASH_PORT", "PATH"].map(str::to_owned).into_iter()).is_ok()
        );
    }

    #[test]
    fn the_data_is_here_or_where_the_system_keeps_such_things() {
        let own = || Some(PathBuf::from("/home/mona/.local/share/mikrodash"));
        assert_eq!(default_folder(true, own()), Path::new("data"));
        assert_eq!(Some(default_folder(false, own())), own());
        assert_eq!(default_folder(false, None), Path::new("data"), "no home");
        let read = |text: &str, data: Option<&str>| {
            let args = ServeArgs {
                data: data.map(PathBuf::from),
                ..ServeArgs::default()
            };
            Config::merge(text, args, Path::new("/own")).unwrap().data
        };
        let file = "[server]\ndata = \"/srv/shop\"";
        assert_eq!(read("", None), Path::new("/own"));
        assert_eq!(read(file, None), Path::new("/srv/shop"));
        assert_eq!(read(file, Some("/usb")), Path::new("/usb"));
    }

    #[test]
    fn the_help_names_every_setting() {
        let mut command = <ServeArgs as Args>::augment_args(clap::Command::new("serve"));
        let help = command.render_long_help().to_string();
        for name in [
            "ADDRESS",
            "PORT",
            "PLAIN_HTTP",
            "TLS",
            "TLS_PORT",
            "TLS_NAME",
            "TLS_CERTIFICATE",
            "TLS_KEY",
            "MDNS",
            "DATA",
            "ZONE",
            "LOG",
            "LOG_JSON",
            "DEMO",
            "STANDBY",
            "SHOP_TOKEN",
            "JOIN",
            "JOIN_TOKEN",
            "JOIN_CERTIFICATE",
        ] {
            assert!(help.contains(&format!("MIKRODASH_{name}")), "{name}");
        }
    }
}
